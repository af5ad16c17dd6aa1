"""What the SDK raises of its own."""


class EndpointError(RuntimeError):
    """The runner refused a request or could not serve it; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        """`status` is the HTTP status code."""
        super().__init__(message)
        self.status = status


class UnsupportedValueError(TypeError):
    """A value that session data cannot hold; the message says where, and what to do instead."""
