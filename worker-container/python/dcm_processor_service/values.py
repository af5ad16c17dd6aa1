"""Session data as JSON text, and back.

JSON has no bytes, no times and no numbers that are none; service code written for dcm-processor
stores them all. They travel as an object with one member whose name begins with `$`. A dict of the
caller's that looks like one is wrapped, so that every value comes back as it was.
"""

import base64
import json
import math
from datetime import date, datetime, timezone
from typing import Any

from .errors import UnsupportedValueError

_TAGS = frozenset({"$bytes", "$date", "$datetime", "$number", "$dict", "$object"})


def _describe(path: str) -> str:
    return f"at value{path}" if path else "the value itself"


def _encode_dict(value: dict[Any, Any], path: str) -> dict[str, Any]:
    encoded = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise UnsupportedValueError(
                f"session data: the key {key!r} ({_describe(path)}) is no string; use str(key)"
            )
        encoded[key] = _encode(item, f"{path}[{key!r}]")
    looks_tagged = len(encoded) == 1 and next(iter(encoded)) in _TAGS
    return {"$dict": encoded} if looks_tagged else encoded


def _encode(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$number": str(float(value))}
    if isinstance(value, dict):
        return _encode_dict(value, path)
    if isinstance(value, list | tuple):
        return [_encode(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime):
        # A time without a zone is UTC, and comes back without one, as it does from BSON.
        in_utc = value.astimezone(timezone.utc) if value.tzinfo else value
        return {"$datetime": in_utc.replace(tzinfo=None).isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    remedy = (
        "use .tolist() or .item(), or upload_session_file for large arrays"
        if kind.startswith("numpy.")
        else "store str, int, float, bool, None, bytes, datetime, date, lists and dicts of them"
    )
    raise UnsupportedValueError(f"session data cannot hold a {kind} ({_describe(path)}); {remedy}")


def encode_value(value: Any) -> str:
    """The JSON text of a value. Raises UnsupportedValueError."""
    try:
        return json.dumps(_encode(value, ""), allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise UnsupportedValueError("session data: the value contains itself") from None


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        tag, content = next(iter(value.items()))
        if tag == "$bytes":
            return base64.b64decode(content)
        if tag == "$datetime":
            return datetime.fromisoformat(content)
        if tag == "$date":
            return date.fromisoformat(content)
        if tag == "$number":
            return float(content)
        if tag == "$dict":
            value = content
    return {key: _decode(item) for key, item in value.items()}


def decode_value(text: str) -> Any:
    """The value whose text `encode_value` made."""
    return _decode(json.loads(text))
