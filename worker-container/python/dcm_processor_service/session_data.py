"""Values that the jobs of a session hand on to each other."""

from typing import Any

from .endpoint import request
from .values import decode_value, encode_value

__all__ = ["get_session_data", "has_session_data", "remove_session_data", "set_session_data"]


def _query(name: str, job_name: str | None, object_id: str | None) -> dict[str, str | None]:
    return {"name": name, "jobName": job_name, "objectId": object_id}


def set_session_data(name: str, value: Any) -> str:
    """Stores `value` under `name` for this job and its object; a value of that name is replaced.

    Values: None, bool, int, float, str, bytes, datetime, date, lists and dicts of them. Returns an id.
    """
    body = encode_value(value).encode("utf-8")
    with request("PUT", "/data", {"name": name}, body=body) as answer:
        return str(answer.json()["id"])


def get_session_data(
    name: str, default: Any = None, job_name: str | None = None, object_id: str | None = None
) -> Any:
    """The value that this job, or the job `job_name` of the same session and event, stored.

    If that job ran for several objects, the one of this job's own object is meant, or else the
    first. `object_id`, the `_id` of a series, study or patient of the session, names another one:
    so a study job reads what was stored for each of its series.
    """
    with request("GET", "/data", _query(name, job_name, object_id)) as answer:
        return decode_value(str(answer.json()["value"])) if answer.found else default


def has_session_data(name: str, job_name: str | None = None, object_id: str | None = None) -> bool:
    """Whether `get_session_data` would find a value."""
    with request("HEAD", "/data", _query(name, job_name, object_id)) as answer:
        return answer.found


def remove_session_data(name: str) -> bool:
    """Removes this job's own value; False if there was none."""
    with request("DELETE", "/data", {"name": name}) as answer:
        return answer.found
