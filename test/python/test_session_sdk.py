"""Session data and files through the SDK."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import dcm_processor_service as sdk
import numpy as np
import pytest
from dcm_processor_service.values import decode_value, encode_value
from job_endpoint import JobEndpoint


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        7,
        2**70,
        1.5,
        "text with ü and \U0001f9e0",
        [1, [2, {"a": None}]],
        {"a": {"b": b"\x00\xff"}},
        datetime(2026, 1, 2, 3, 4, 5, 678000),
        date(2026, 1, 2),
        {"$date": "a dict of the caller's"},
        math.inf,
        {"$bytes": "not bytes"},
        {"$dict": {"$number": "1"}},
        {"$object": "not in the bucket"},
    ],
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert decode_value(encode_value(value)) == value


def test_a_time_with_a_zone_comes_back_in_utc_without_one() -> None:
    value = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert decode_value(encode_value(value)) == value.astimezone(UTC).replace(tzinfo=None)


def test_nan_comes_back_as_nan() -> None:
    assert math.isnan(decode_value(encode_value([math.nan]))[0])


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"a": [np.zeros(3)]}, "a numpy.ndarray (at value['a'][0]); use .tolist()"),
        ({1: "a"}, "the key 1 (the value itself) is no string"),
        ({"a": {1, 2}}, "a builtins.set (at value['a'])"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(value: Any, part: str) -> None:
    with pytest.raises(sdk.UnsupportedValueError) as caught:
        encode_value(value)
    assert part in str(caught.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(sdk.UnsupportedValueError, match="contains itself"):
        encode_value(value)


def test_data_is_stored_found_and_removed(endpoint: JobEndpoint) -> None:
    assert sdk.set_session_data("a name", {"x": [1]}) == "data-a name"
    assert sdk.has_session_data("a name")
    assert sdk.get_session_data("a name") == {"x": [1]}
    assert sdk.remove_session_data("a name")
    assert not sdk.remove_session_data("a name")
    assert sdk.get_session_data("a name", "default") == "default"


def test_none_is_a_value_and_no_default(endpoint: JobEndpoint) -> None:
    sdk.set_session_data("nothing", None)
    assert sdk.get_session_data("nothing", "default") is None


def test_another_job_and_object_are_named_to_the_endpoint(endpoint: JobEndpoint) -> None:
    sdk.get_session_data("a", None, "segment", "0123")
    expected = {"name": "a", "jobName": "segment", "objectId": "0123"}
    assert endpoint.queries[-1] == ("GET", "/data", expected)


@pytest.mark.parametrize("kind", ["path", "bytes", "file"])
def test_a_file_is_stored_from_a_path_bytes_and_an_open_file(
    endpoint: JobEndpoint, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "image.nii.gz"
    path.write_bytes(b"content")
    opened = BytesIO(b"content")
    opened.read()
    file = {"path": path, "bytes": b"content", "file": opened}[kind]

    assert sdk.upload_session_file(file, "image", meta={"n": 1}) == "file-image"

    query, content = endpoint.files["image"]
    assert content == b"content"
    assert query.get("ext", "") == (".nii.gz" if kind == "path" else "")
    assert not opened.closed


def test_a_file_is_described_and_downloaded(endpoint: JobEndpoint, tmp_path: Path) -> None:
    sdk.upload_session_file(b"content", "r", {"n": 1}, ext=".txt")

    document = sdk.get_session_file("r")
    assert document is not None
    assert document["uploadDate"] == datetime(2026, 1, 2, 3, 4, 5, 678000)
    assert document["contentType"] == "text/plain"
    assert sdk.get_session_file("r", ["length"]) == {"_id": "1", "length": 7}
    memory = sdk.download_session_file("r")
    assert isinstance(memory, BytesIO)
    assert memory.read() == b"content"
    target = tmp_path / "copy"
    assert sdk.download_session_file("r", target) == target
    assert target.read_bytes() == b"content"


def test_a_file_that_is_not_there_is_none(endpoint: JobEndpoint) -> None:
    assert sdk.get_session_file("r") is None
    assert sdk.download_session_file("r") is None
    assert not sdk.has_session_file("r")
    assert not sdk.remove_session_file("r")


def test_a_download_that_is_cut_short_is_no_file(endpoint: JobEndpoint) -> None:
    sdk.upload_session_file(b"content", "r")
    endpoint.cut_short = True
    with pytest.raises((sdk.EndpointError, OSError)):
        sdk.download_session_file("r")


def test_a_refusal_is_raised_with_its_reason(
    endpoint: JobEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANTRY_JOB_TOKEN", "another")
    with pytest.raises(sdk.EndpointError, match="no running job") as caught:
        sdk.get_session_data("a")
    assert caught.value.status == 401


def test_outside_a_job_the_sdk_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANTRY_JOB_SOCKET", raising=False)
    with pytest.raises(sdk.EndpointError, match="inside a running job"):
        sdk.get_peer()


def test_the_sender_is_a_peer(endpoint: JobEndpoint) -> None:
    assert sdk.get_peer() == {"_id": "1", "name": "CT01"}
    assert sdk.get_peer("CT01") == {"_id": "1", "name": "CT01"}
    assert sdk.get_peer("PACS") is None
