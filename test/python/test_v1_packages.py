"""Packages of dcm-processor 1: their folders, their arguments, what they hand on and what is sent."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from job_endpoint import JobEndpoint
from receiver import Receiver

PACKAGES = Path(__file__).resolve().parents[2] / "worker-container" / "python"

INIT = """from pathlib import Path
from gantry_worker.v1 import WorkerFunctions
__getattr__ = WorkerFunctions(Path(__file__).parent / "v1")
"""
HEADERS = {
    "id": "patient",
    "dcmpath": "dicom/patient",
    "seriesIds": ["series-1"],
    "studyIds": ["study-1"],
    "tags": {"PatientID": "P1"},
    "studies": [],
}


class Call:
    """A package with one module, and one call of its function."""

    def __init__(self, attempt: Path, endpoint: JobEndpoint, images: list[Path]) -> None:
        self.attempt = attempt
        endpoint.series["series-1"] = [
            {"id": f"image-{index}", "path": str(path)} for index, path in enumerate(images)
        ]
        self.output = ""

    def __call__(
        self,
        source: str,
        added: dict[str, Any] | None = None,
        entry: str = "old.worker",
        other: str = "",
    ) -> dict[str, Any]:
        package = self.attempt / "service_module" / "v1" / "old"
        package.mkdir(parents=True)
        (self.attempt / "service_module" / "__init__.py").write_text(INIT)
        (package / "__init__.py").write_text(source)
        (package / "steps.py").write_text(other)
        kwargs = {
            "session_id": "s",
            "job_name": "measure",
            "headers": HEADERS,
            "params": {"limit": 3},
            "added_params": {"measure": {}, **(added or {})},
            "event": "stable-patient",
        }
        document = {"entry": entry, "kwargs": kwargs}
        (self.attempt / "job.json").write_text(json.dumps(document))
        temporary = self.attempt / "tmp"
        temporary.mkdir()
        process = subprocess.run(
            [sys.executable, "-m", "gantry_worker", str(self.attempt)],
            env={
                "PYTHONPATH": str(PACKAGES),
                "PATH": os.environ["PATH"],
                "TMPDIR": str(temporary),
                "GANTRY_JOB_SOCKET": os.environ["GANTRY_JOB_SOCKET"],
                "GANTRY_JOB_TOKEN": os.environ["GANTRY_JOB_TOKEN"],
            },
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output = process.stdout
        result: dict[str, Any] = json.loads((self.attempt / "result.json").read_text())
        return result


@pytest.fixture
def call(tmp_path: Path, endpoint: JobEndpoint, ct_series: list[Path]) -> Call:
    attempt = tmp_path / "attempt"
    attempt.mkdir()
    return Call(attempt, endpoint, ct_series)


def kept(endpoint: JobEndpoint) -> dict[str, bytes]:
    """What a job handed on: path and bytes."""
    _, archive = endpoint.files["dcm-processor-1-data"]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name: file.read()
            for member in tar.getmembers()
            if (file := tar.extractfile(member)) is not None
        }


def test_a_function_has_the_four_arguments_of_version_1_and_no_others(call: Call) -> None:
    source = "def worker(**kwargs):\n    return kwargs"
    assert call(source) == {
        "result": {
            "jobName": "measure",
            "headers": HEADERS,
            "params": {"limit": 3},
            "added_params": {"measure": {}},
        }
    }


def test_images_are_below_data_and_the_folders_are_known_at_import(call: Call) -> None:
    source = (
        "import os\nfrom glob import glob\nfrom . import steps\n"
        'DATA, MODULES = os.environ["DATA"], os.environ["MODULES"]\n'
        "def worker(headers, **kwargs):\n"
        '    images = glob(os.path.join(DATA, headers["dcmpath"], "series-1", "*.dcm"))\n'
        '    return [len(images), os.listdir(MODULES), os.path.isdir(os.environ["LOGS"])]'
    )
    assert call(source) == {"result": [6, ["old"], True]}


def test_a_function_may_be_in_a_module_of_the_package(call: Call) -> None:
    other = "def worker(**kwargs):\n    return __name__"
    assert call("", entry="old.steps.worker", other=other) == {"result": "old.steps"}


def test_a_function_that_is_not_there_is_named(call: Call) -> None:
    error = call("")["error"]
    assert error["type"] == "AttributeError"
    assert "'old' has no function 'worker'" in error["message"]


def test_what_a_function_returns_is_ignored_when_it_is_no_json(call: Call) -> None:
    assert call("def worker(**kwargs):\n    return {1, 2}") == {"result": None}


def test_new_and_changed_files_are_handed_on(call: Call, endpoint: JobEndpoint) -> None:
    source = (
        "import os\n"
        "def worker(headers, **kwargs):\n"
        '    os.makedirs(os.path.join(os.environ["DATA"], "nifti"))\n'
        '    with open(os.path.join(os.environ["DATA"], "nifti", "a.txt"), "w") as file:\n'
        '        file.write("one")'
    )
    call(source)
    assert kept(endpoint) == {"nifti/a.txt": b"one"}


def test_what_an_earlier_job_left_is_there(call: Call, endpoint: JobEndpoint) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo("nifti/a.txt")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"one"))
    how = {"contentType": "application/x-tar", "meta": "{}"}
    endpoint.files["dcm-processor-1-data"] = (how, archive.getvalue())
    source = (
        "import os\n"
        "def worker(**kwargs):\n"
        '    return open(os.path.join(os.environ["DATA"], "nifti", "a.txt")).read()'
    )
    assert call(source, added={"earlier": {}}) == {"result": "one"}
    asked = [query for _, path, query in endpoint.queries if path == "/files/content"]
    assert asked == [{"name": "dcm-processor-1-data", "jobName": "earlier", "objectId": "patient"}]


def test_the_library_writes_the_log_of_the_day_and_of_the_job(call: Call) -> None:
    source = (
        "import os, glob\nimport dcm_processor_lib\n"
        "def worker(**kwargs):\n"
        '    dcm_processor_lib.print("a", "line", name="old")\n'
        '    dcm_processor_lib.get_logger("old").error("twice?")\n'
        '    with open(os.path.join(os.environ["LOGS"], "own.log"), "w") as file:\n'
        '        file.write("of its own")\n'
        '    [file] = glob.glob(os.path.join(os.environ["LOGS"], "2*.log"))\n'
        "    return open(file).read()"
    )
    text = call(source)["result"]
    assert [line.split(" - ", 1)[1] for line in text.splitlines()] == [
        "old - INFO - a line",
        "old - ERROR - twice?",
    ]
    assert call.output.count("twice?") == 1
    assert "[gantry] own.log:\nof its own" in call.output


PDF = (
    "import os\n"
    "def worker(**kwargs):\n"
    '    with open(os.path.join(os.environ["DATA"], "report.pdf"), "wb") as file:\n'
    '        file.write(b"%PDF-1.4 x")'
)
STORAGE = {
    "type": "pdf",
    "path": "report.pdf",
    "destination": "CT01",
    "permanent": True,
    "tags": {"SeriesDescription": "Volumes", "0008,0050": "A7", "Nonsense": "x"},
}


@pytest.fixture
def receiver(endpoint: JobEndpoint) -> Iterator[Receiver]:
    """The peer of the endpoint."""
    receiver = Receiver()
    endpoint.peer.update(
        aet="PACS", host="127.0.0.1", port=receiver.port, tls=False, calling_aet="GANTRY"
    )
    yield receiver
    receiver.server.shutdown()


def test_a_permanent_result_is_made_a_dicom_object_and_sent(call: Call, receiver: Receiver) -> None:
    assert call(PDF, added={"measure": {"storage": STORAGE}}) == {"result": None}
    [report] = receiver.received
    assert report.EncapsulatedDocument == b"%PDF-1.4 x"
    assert (report.SeriesDescription, report.AccessionNumber) == ("Volumes", "A7")
    assert report.PatientID == "P1"
    assert "the tag Nonsense is unknown" in call.output


def test_a_folder_of_images_becomes_a_series(call: Call, receiver: Receiver) -> None:
    source = (
        "import os, shutil\n"
        "def worker(headers, **kwargs):\n"
        '    data = os.environ["DATA"]\n'
        '    source = os.path.join(data, headers["dcmpath"], "series-1")\n'
        '    shutil.copytree(source, os.path.join(data, "out"))'
    )
    storage = [{**STORAGE, "type": "dicom", "path": "out"}]
    assert call(source, added={"measure": {"storage": storage}}) == {"result": None}
    assert len(receiver.received) == 6
    assert len({str(image.SeriesInstanceUID) for image in receiver.received}) == 1


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ({**STORAGE, "destination": None}, 'no destination "pac"'),
        ({**STORAGE, "path": "../../x"}, "leads out of DATA"),
        ({**STORAGE, "type": "jpeg"}, "the types are pdf, nifti, dicom"),
        ({**STORAGE, "seriesId": "other"}, "not of this patient"),
    ],
)
def test_a_result_that_cannot_be_stored_fails_the_job(
    call: Call, storage: dict[str, Any], message: str
) -> None:
    error = call(PDF, added={"measure": {"storage": storage}})["error"]
    assert error["type"] == "gantry_worker.v1_storage.StorageError"
    assert message in error["message"]


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ({**STORAGE, "permanent": False}, "is not permanent, so it is sent nowhere"),
        ({**STORAGE, "path": "none.pdf"}, "there is no none.pdf"),
    ],
)
def test_what_is_not_sent_is_said(call: Call, storage: dict[str, Any], message: str) -> None:
    assert call(PDF, added={"measure": {"storage": storage}}) == {"result": None}
    assert message in call.output
