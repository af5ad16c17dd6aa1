"""Files that the jobs of a session hand on to each other."""

import json
import mimetypes
import os
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from .endpoint import Response, request

__all__ = [
    "download_session_file",
    "get_session_file",
    "has_session_file",
    "remove_session_file",
    "upload_session_file",
]

_CHUNK_BYTES = 1024 * 1024
_DEFAULT_TYPE = "application/octet-stream"

FileInput = str | os.PathLike[str] | bytes | IO[bytes]


def _query(name: str, job_name: str | None, object_id: str | None) -> dict[str, str | None]:
    return {"name": name, "jobName": job_name, "objectId": object_id}


def _extension(file: FileInput, ext: str | None) -> str:
    if ext is not None:
        return ext
    return "".join(Path(file).suffixes) if isinstance(file, str | os.PathLike) else ""


def _content_type(ext: str, content_type: str | None) -> str:
    if content_type is not None:
        return content_type
    return mimetypes.guess_type(f"file{ext}")[0] or _DEFAULT_TYPE


def upload_session_file(
    file: FileInput,
    name: str,
    meta: dict[str, Any] | None = None,
    content_type: str | None = None,
    ext: str | None = None,
) -> str:
    """Stores a file under `name` for this job and its object; one of that name is replaced.

    `file` is a path, bytes, or a seekable binary file, which is read from its beginning. Returns
    an id.
    """
    suffix = _extension(file, ext)
    query: dict[str, str | None] = {
        "name": name,
        "meta": json.dumps(meta or {}),
        "contentType": _content_type(suffix, content_type),
        "ext": suffix,
    }
    if isinstance(file, str | os.PathLike):
        stream: IO[bytes] = Path(file).open("rb")  # noqa: SIM115 (closed below, with all kinds)
    elif isinstance(file, bytes | bytearray | memoryview):
        stream = BytesIO(file)
    else:
        stream = file
    try:
        length = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        with request("PUT", "/files", query, body=stream, length=length) as answer:
            return str(answer.json()["id"])
    finally:
        if stream is not file:
            stream.close()


def get_session_file(
    name: str,
    select: list[str] | None = None,
    job_name: str | None = None,
    object_id: str | None = None,
) -> dict[str, Any] | None:
    """What is known of a file: `_id`, `filename`, `length`, `contentType`, `uploadDate` and more.

    `metadata` holds what `upload_session_file` was given as `meta`. `select` keeps only those
    members (and `_id`). None if there is no such file. Which job's file: as for
    `get_session_data`.
    """
    with request("GET", "/files", _query(name, job_name, object_id)) as answer:
        if not answer.found:
            return None
        document: dict[str, Any] = answer.json()
    if "uploadDate" in document:
        uploaded = datetime.fromisoformat(document["uploadDate"])
        document["uploadDate"] = uploaded.replace(tzinfo=None)
    if select is None:
        return document
    return {key: value for key, value in document.items() if key == "_id" or key in select}


def has_session_file(name: str, job_name: str | None = None, object_id: str | None = None) -> bool:
    """Whether `get_session_file` would find a file."""
    with request("HEAD", "/files", _query(name, job_name, object_id)) as answer:
        return answer.found


def download_session_file(
    name: str,
    filename: str | os.PathLike[str] | None = None,
    job_name: str | None = None,
    object_id: str | None = None,
) -> BytesIO | str | os.PathLike[str] | None:
    """The file's bytes as a BytesIO, or, with `filename`, written there (and `filename` returned).

    None if there is no such file. Which job's file is meant: as for `get_session_data`.
    """

    def copy(answer: Response, target: IO[bytes]) -> None:
        while chunk := answer.read(_CHUNK_BYTES):
            target.write(chunk)

    with request("GET", "/files/content", _query(name, job_name, object_id)) as answer:
        if not answer.found:
            return None
        if filename is None:
            memory = BytesIO()
            copy(answer, memory)
            memory.seek(0)
            return memory
        with Path(filename).open("wb") as target:
            copy(answer, target)
        return filename


def remove_session_file(name: str) -> bool:
    """Removes this job's own file; False if there was none."""
    with request("DELETE", "/files", {"name": name}) as answer:
        return answer.found
