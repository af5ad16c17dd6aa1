"""`python -m gantry_worker`: one callback called, and what it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path(__file__).resolve().parents[2] / "worker-container" / "python"


def call(
    attempt: Path, source: str, headers: dict[str, Any] | None = None, other: str = ""
) -> tuple[dict[str, Any] | None, subprocess.CompletedProcess[str]]:
    """The content of `result.json`, if there is one, and the ended process."""
    module = attempt / "service_module"
    module.mkdir()
    (module / "__init__.py").write_text(source)
    (module / "other.py").write_text(other)
    job = {"entry": "run", "kwargs": {"headers": headers or {}, "job_name": 'it\'s "so"\n'}}
    (attempt / "job.json").write_text(json.dumps(job))
    process = subprocess.run(
        [sys.executable, "-m", "gantry_worker", str(attempt)],
        env={"PYTHONPATH": str(PACKAGES), "PATH": os.environ["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    result = attempt / "result.json"
    return (json.loads(result.read_text()) if result.exists() else None), process


def test_a_result_is_left_and_the_arguments_arrive_unharmed(tmp_path: Path) -> None:
    source = "def run(job_name, **kwargs):\n    return [job_name, None, 2**60]"
    result, process = call(tmp_path, source)
    assert result == {"result": ['it\'s "so"\n', None, 2**60]}
    assert process.returncode == 0


def test_the_module_is_a_package_named_service_module(tmp_path: Path) -> None:
    source = (
        "import sys\ndef run(**kwargs):\n"
        "    from service_module.other import VALUE\n    from .other import VALUE as same\n"
        "    return [VALUE, same, sys.path[0], sys.argv]"
    )
    result, _ = call(tmp_path, source, other="VALUE = 5")
    assert result == {"result": [5, 5, str(tmp_path), [str(tmp_path / "main.py")]]}


def test_times_of_the_headers_are_naive_utc(tmp_path: Path) -> None:
    source = (
        "def run(headers, **kwargs):\n"
        "    return [repr(headers['CreatedAt']), headers['Metadata']['StudyDate']]"
    )
    headers = {"CreatedAt": "2026-01-02T03:04:05.678Z", "Metadata": {"StudyDate": "20260102"}}
    result, _ = call(tmp_path, source, headers)
    assert result == {"result": ["datetime.datetime(2026, 1, 2, 3, 4, 5, 678000)", "20260102"]}


def test_decimals_of_the_headers_are_floats_although_json_has_whole_numbers(tmp_path: Path) -> None:
    source = "def run(headers, **kwargs):\n    return repr(headers['Metadata'])"
    headers = {"Metadata": {"PatientWeight": 70, "PatientAge": 54}}
    result, _ = call(tmp_path, source, headers)
    assert result == {"result": "{'PatientWeight': 70.0, 'PatientAge': 54}"}


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def run(**kwargs):\n    raise KeyError('x')", "KeyError", "'x'"),
        ("def run(**kwargs):\n    import sys; sys.exit(0)", "SystemExit", "sys.exit(0)"),
        ("def run():\n    pass", "TypeError", "unexpected keyword argument"),
        ("import nothing_like_this", "ModuleNotFoundError", "nothing_like_this"),
        ("def run(:", "SyntaxError", "invalid syntax"),
        ("import sys; sys.exit('no')", "SystemExit", "sys.exit('no')"),
        ("other = 1", "AttributeError", "'run'"),
        ("run = 1", "TypeError", "no function"),
        ("def run(**kwargs):\n    return {1, 2}", "TypeError", "that JSON cannot hold"),
        ("def run(**kwargs):\n    return {(1, 2): 3}", "TypeError", "that JSON cannot hold"),
        ("def run(**kwargs):\n    a = []; a.append(a); return a", "ValueError", "Circular"),
        (
            "class Own(Exception):\n    def __str__(self): raise ValueError\n"
            "def run(**kwargs):\n    raise Own()",
            "service_module.Own",
            "could not be read",
        ),
    ],
)
def test_whatever_goes_wrong_is_told(tmp_path: Path, source: str, kind: str, message: str) -> None:
    result, _ = call(tmp_path, source)
    assert result is not None
    error = result["error"]
    assert error["type"] == kind
    assert message in error["message"]
    assert "gantry_worker" not in error["traceback"]


def test_a_traceback_begins_in_the_service(tmp_path: Path) -> None:
    result, _ = call(tmp_path, "def run(**kwargs):\n    deeper()\ndef deeper():\n    raise OSError")
    assert result is not None
    lines = result["error"]["traceback"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    frames = [line.rpartition(" in ")[2] for line in lines if line.startswith("  File")]
    assert frames == ["run", "deeper"]


def test_numbers_that_are_none_become_null_and_the_log_says_so(tmp_path: Path) -> None:
    result, process = call(tmp_path, "def run(**kwargs):\n    return [float('nan'), 1]")
    assert result == {"result": [None, 1]}
    assert "the result held 1 times NaN" in process.stdout


def test_both_streams_are_one_in_the_order_of_writing(tmp_path: Path) -> None:
    source = (
        "import sys\ndef run(**kwargs):\n"
        "    for index in range(3):\n"
        "        print('out', index)\n        print('err', index, file=sys.stderr)"
    )
    _, process = call(tmp_path, source)
    assert process.stdout.split() == [
        "out",
        "0",
        "err",
        "0",
        "out",
        "1",
        "err",
        "1",
        "out",
        "2",
        "err",
        "2",
    ]
    assert process.stderr == ""


def test_a_killed_process_leaves_no_result(tmp_path: Path) -> None:
    result, process = call(tmp_path, "import os\ndef run(**kwargs):\n    os._exit(7)")
    assert result is None
    assert process.returncode == 7


def test_a_result_counts_although_the_streams_are_closed(tmp_path: Path) -> None:
    source = "import sys\ndef run(**kwargs):\n    sys.stdout.close()\n    return 1"
    result, _ = call(tmp_path, source)
    assert result == {"result": 1}
