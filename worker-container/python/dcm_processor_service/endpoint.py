"""The job endpoint: HTTP on a Unix socket of the runner, with a token for this job only.

Everything that service code reads or writes of its session goes through it; this process has no
credentials of any cloud.
"""

import json
import os
import socket
from http.client import HTTPConnection, HTTPResponse
from typing import IO, Any
from urllib.parse import urlencode

from .errors import EndpointError

_TIMEOUT_SECONDS = 600


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("runner", timeout=_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _message_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace")


class Response:
    """An open answer. Close it, or use it in a `with`."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        """Takes both over."""
        self._connection = connection
        self._response = response

    def __enter__(self) -> "Response":
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self._connection.close()

    @property
    def found(self) -> bool:
        """False for 404: what was asked for is not there."""
        return self._response.status != 404

    def json(self) -> Any:
        """The whole body as JSON."""
        return json.loads(self._response.read())

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end. A body that was cut short raises."""
        remaining = self._response.length
        chunk = self._response.read(size)
        if not chunk and remaining:
            raise EndpointError(502, f"the runner's answer ended {remaining} bytes too early")
        return chunk


def request(
    method: str,
    path: str,
    query: dict[str, str | None] | None = None,
    *,
    body: bytes | IO[bytes] | None = None,
    length: int | None = None,
) -> Response:
    """One request. 404 is an answer; any other failure raises EndpointError.

    `length` in bytes is needed for a body that is a file.
    """
    address = os.environ.get("GANTRY_JOB_SOCKET")
    token = os.environ.get("GANTRY_JOB_TOKEN")
    if not address or not token:
        raise EndpointError(
            0,
            "dcm_processor_service works inside a running job only: there is no job endpoint here",
        )
    given = {name: value for name, value in (query or {}).items() if value is not None}
    headers = {"Authorization": f"Bearer {token}"}
    if length is not None:
        headers["Content-Length"] = str(length)
    connection = _UnixConnection(address)
    try:
        connection.request(method, f"{path}?{urlencode(given)}", body=body, headers=headers)
        response = connection.getresponse()
        if response.status >= 400 and response.status != 404:
            raise EndpointError(response.status, _message_of(response.read()))
    except BaseException:
        connection.close()
        raise
    return Response(connection, response)
