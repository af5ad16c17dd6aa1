"""The exceptions that a caller of the docker SDK catches by name."""


class DockerException(Exception):
    """Base of everything that this package raises on purpose."""


class APIError(DockerException):
    """A request that cannot be fulfilled."""


class NotFound(APIError):
    """There is no such container."""


class ImageNotFound(NotFound):
    """There is no local command for an image."""
