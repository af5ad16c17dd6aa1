"""One call of a worker callback, and what came of it.

Also runs in the images of docker workers, from Python 3.7 on: it needs nothing but the standard library.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

MODULE = "service_module"
#: Of the attributes in headers, those whose value representation is DS.
_DECIMALS = ("PatientSize", "PatientWeight")
_TIMES = ("CreatedAt", "UpdatedAt")
_OWN_FILES = {__file__, importlib.__file__}


def _naive_utc(value: Any) -> Any:
    """ISO 8601 text as a datetime in UTC without a zone, which is what BSON gives to Python."""
    if not isinstance(value, str):
        return value
    # Before Python 3.11 a time's zone is no "Z".
    time = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    return time.astimezone(timezone.utc).replace(tzinfo=None) if time.tzinfo else time


def _with_times(value: Any) -> Any:
    """Parameters with `{"$date": …}`, which is how MongoDB writes a time in JSON, as the datetimes that they are."""
    if isinstance(value, list):
        return [_with_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("$date"), str):
        return _naive_utc(value["$date"])
    return {key: _with_times(item) for key, item in value.items()}


def _decimals(metadata: Any) -> Any:
    """DICOM's decimal strings (VR DS) are floats: JSON writes 70.0 as 70."""
    if not isinstance(metadata, dict):
        return metadata
    found = {key: metadata[key] for key in _DECIMALS if isinstance(metadata.get(key), int)}
    return {**metadata, **{key: float(value) for key, value in found.items()}}


def keyword_arguments(job: dict[str, Any]) -> dict[str, Any]:
    """The callback's keyword arguments, with times as datetimes and decimals as floats."""
    arguments: dict[str, Any] = dict(job["kwargs"])
    for name in ("params", "added_params"):
        if name in arguments:
            arguments[name] = _with_times(arguments[name])
    headers = arguments.get("headers")
    if isinstance(headers, dict):
        arguments["headers"] = {
            key: _naive_utc(value) if key in _TIMES else value for key, value in headers.items()
        }
        if "Metadata" in headers:
            arguments["headers"]["Metadata"] = _decimals(headers["Metadata"])
    return arguments


def _without_own_frames(frames: TracebackType | None) -> TracebackType | None:
    """Skips the frames of this program at the top: what is left is the service's own."""
    while frames:
        file = frames.tb_frame.f_code.co_filename
        if file not in _OWN_FILES and not file.startswith("<frozen importlib"):
            break
        frames = frames.tb_next
    return frames


def error_document(error: BaseException, message: str | None = None) -> dict[str, Any]:
    """What `result.json` holds when there is no result."""
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else (f"{kind.__module__}.{kind.__qualname__}")
    )
    try:
        text = str(error) if message is None else message
    except Exception:
        text = "(the exception's message could not be read)"
    try:
        frames = _without_own_frames(error.__traceback__)
        trace = "".join(traceback.format_exception(kind, error, frames))
    except Exception:
        trace = name
    return {"error": {"type": name, "message": text, "traceback": trace}}


def _load(job: dict[str, Any]) -> Callable[..., Any]:
    module = importlib.import_module(MODULE)
    entry = str(job["entry"])
    callback: Any = getattr(module, entry, None)
    if callback is None:
        raise AttributeError(f"the service's module has no {entry!r}, which its workerEntry names")
    if not callable(callback):
        raise TypeError(f"{entry!r}, which the workerEntry names, is no function")
    loaded: Callable[..., Any] = callback
    return loaded


def _json_of(result: Any) -> str:
    """JSON text of a result. What is no number in JSON becomes null, and the log says so."""
    text = json.dumps(result)
    replaced: list[str] = []

    def note(constant: str) -> None:
        replaced.append(constant)

    value = json.loads(text, parse_constant=note)
    if not replaced:
        return text
    print(
        f"[gantry] the result held {len(replaced)} times {' or '.join(sorted(set(replaced)))}, "
        "which JSON cannot hold: stored as null"
    )
    return json.dumps(value, allow_nan=False)


def outcome_text(job: dict[str, Any]) -> str:
    """Calls the callback; the text of `result.json`."""
    try:
        result = _load(job)(**keyword_arguments(job))
    except SystemExit as error:
        return json.dumps(
            error_document(
                error, f"the callback called sys.exit({error.code!r}) instead of returning"
            )
        )
    except BaseException as error:
        return json.dumps(error_document(error))
    try:
        return f'{{"result": {_json_of(result)}}}'
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        message = f"the callback returned something that JSON cannot hold: {error}"
        return json.dumps(error_document(error, message))


def flush_output() -> None:
    """Writes what was printed and is still held back."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Closed by the callback: its own choice, and no reason to lose its result.
            continue


def run_job(attempt: Path) -> None:
    """Runs the job of an attempt directory and leaves `result.json` in it, whole or not at all."""
    job = json.loads((attempt / "job.json").read_text("utf-8"))
    sys.argv = [str(attempt / "main.py")]
    text = outcome_text(job)
    flush_output()
    partial = attempt / "result.json.partial"
    partial.write_text(text, "utf-8")
    partial.rename(attempt / "result.json")
