"""The process in which a registry callback runs, and nothing else of the platform does.

Started by `gantry_registry` with two pipes: it answers each JSON line with one. A line names the callback that is
asked from then on, or holds one object. Every object gets fresh copies of its parameters, so a callback that
changes them changes nothing for the next one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

#: The package's folder `registry`, as the function's own code holds it.
PACKAGE = "service_registry"
#: Of the attributes in headers, those whose value representation is DS.
DECIMALS = ("PatientSize", "PatientWeight")
#: What one object's callback may add, as JSON text.
MAX_ADDED_BYTES = 256 * 1024
MAX_MESSAGE_LENGTH = 2_000
MAX_TRACEBACK_LENGTH = 8_000
#: Address space in bytes: decisions about headers need a small part of it.
MAX_ADDRESS_SPACE = 4 * 1024**3
#: Processes and threads of a callback that has a user id of its own.
MAX_PROCESSES = 256
#: User ids that Debian, systemd and the runner give to nobody.
FIRST_USER_ID, USER_IDS = 60_578, 606


def broke(kind: str, message: str, trace: str = "") -> Json:
    """The outcome of a callback that gave no usable answer."""
    error = {
        "type": kind,
        "message": message[:MAX_MESSAGE_LENGTH],
        "traceback": trace[-MAX_TRACEBACK_LENGTH:],
    }
    return {"outcome": "broke", "error": error}


def naive_utc(text: object) -> object:
    """ISO 8601 text as the naive datetime in UTC that callbacks know; anything else as it is."""
    if not isinstance(text, str):
        return text
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def with_times(value: Any) -> Any:
    """Parameters with `{"$date": …}`, which is how MongoDB writes a time in JSON, as the datetimes that they are."""
    if isinstance(value, list):
        return [with_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("$date"), str):
        return naive_utc(value["$date"])
    return {key: with_times(item) for key, item in value.items()}


def time_as_json(value: object) -> Json:
    """A datetime among added parameters; one without a zone is in UTC."""
    if not isinstance(value, datetime):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    in_utc = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return {"$date": in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def decimals(metadata: Any) -> Any:
    """DICOM's decimal strings (VR DS) are floats: JSON writes 70.0 as 70."""
    if not isinstance(metadata, dict):
        return metadata
    found = {key: metadata[key] for key in DECIMALS if isinstance(metadata.get(key), int)}
    return {**metadata, **{key: float(value) for key, value in found.items()}}


def headers_of(document: Mapping[str, Any]) -> Json:
    times = {key: naive_utc(document[key]) for key in ("CreatedAt", "UpdatedAt") if key in document}
    numbers = {"Metadata": decimals(document["Metadata"])} if "Metadata" in document else {}
    return {**document, **times, **numbers}


def outcome_of(value: object) -> Json:
    """Reads a callback's return value: see the return forms in the documentation of service packages."""
    added: object = None
    if isinstance(value, list | tuple):
        decision = bool(value) and bool(value[0])
        added = value[1] if len(value) > 1 else None
    else:
        decision = bool(value)
    if not decision:
        return {"outcome": "skip"}
    # Only a dict at the second place is merged: a bare dict is merely something true.
    return {"outcome": "run", "addedParams": added if isinstance(added, dict) else {}}


def describe(error: BaseException) -> Json:
    try:
        message = str(error)
    except BaseException:
        message = "(its text cannot be told)"
    # Without this file's own frame at the top.
    below = error.__traceback__.tb_next if error.__traceback__ is not None else None
    trace = "".join(traceback.format_exception(type(error), error, below))
    if isinstance(error, SystemExit):
        message = f"the callback ended its process with sys.exit({message})"
    return broke(type(error).__name__, message, trace)


def encoded(outcome: Json) -> str:
    try:
        line = json.dumps(outcome, allow_nan=False, default=time_as_json)
    except (TypeError, ValueError, RecursionError) as error:
        return json.dumps(
            broke("NotJson", f"the added parameters cannot be written as JSON: {error}")
        )
    if len(line) > MAX_ADDED_BYTES:
        message = f"the added parameters take {len(line)} bytes; at most {MAX_ADDED_BYTES} are kept"
        return json.dumps(broke("TooLarge", message))
    return line


def call(callback: Callable[..., object], request: Json) -> Json:
    try:
        value = callback(
            session_id=request["sessionId"],
            job_name=request["jobName"],
            headers=headers_of(request["headers"]),
            added_params=with_times(request["addedParams"]),
            params=with_times(request["params"]),
        )
        return outcome_of(value)
    except BaseException as error:
        return describe(error)


def lower(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (limit, limit))


def unreadable() -> str | None:
    """What of the import path and of the package cannot be read with the rights that this process has now."""
    try:
        for path in sys.path:
            if os.path.isdir(path):
                os.listdir(path)
            else:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    os.stat(path)
        package = importlib.util.find_spec(PACKAGE)
        if package is not None and package.origin is not None:
            with open(package.origin, "rb"):
                pass
    except PermissionError as error:
        return str(error.filename)
    return None


def become_nobody() -> None:
    """Gives up root's rights for good, before any code of a service is imported.

    On AWS the function is not root and can become nobody else; its role may write logs and nothing more. On a
    computer where the package or Python is in a folder of root's, the callback stays root, and the log says so.
    """
    if sys.platform != "linux" or os.getuid() != 0:
        return
    # Of this process alone, or nearly: callbacks of other services cannot look into its memory.
    uid = FIRST_USER_ID + os.getpid() % USER_IDS
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(uid)
    os.seteuid(uid)
    closed = unreadable()
    os.seteuid(0)
    if closed is not None:
        os.setegid(0)
        os.setgroups(groups)
        print(f"the callback runs as root: another user cannot read {closed}", file=sys.stderr)
        return
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    lower(resource.RLIMIT_NPROC, MAX_PROCESSES)
    # Where it may write, which the folder that it was started in need not be.
    os.environ.pop("TMPDIR", None)
    os.environ["HOME"] = tempfile.gettempdir()
    os.chdir(tempfile.gettempdir())


def serve(request_fd: int, answer_fd: int) -> None:
    """Answers one line for each line; ends when the pipe is closed."""
    os.set_inheritable(request_fd, False)
    os.set_inheritable(answer_fd, False)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_AS, MAX_ADDRESS_SPACE)
    become_nobody()
    own_pid = os.getpid()
    with os.fdopen(request_fd, encoding="utf-8") as requests:

        def answer(line: str) -> None:
            if os.getpid() != own_pid:  # a process that the callback forked came back through it
                os._exit(0)
            data = memoryview(line.encode() + b"\n")
            while data:
                data = data[os.write(answer_fd, data) :]

        callback: Callable[..., object] | None = None
        for line in requests:
            message = json.loads(line)
            if callback is None or "entry" in message:
                try:
                    callback = getattr(importlib.import_module(PACKAGE), message["entry"])
                except BaseException as error:
                    answer(encoded(describe(error)))
                else:
                    answer(json.dumps({"outcome": "ready"}))
            else:
                answer(encoded(call(callback, message)))


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
