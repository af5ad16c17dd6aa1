"""Runs the example package the way a platform does: as `service_module`, with an SDK.

The SDK here keeps its promises over a folder of files, so that the package is tested alone.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "examples" / "services" / "volume-report"


class Platform:
    """Series by id, session data, and the package's two folders as modules."""

    def __init__(self) -> None:
        self.series: dict[str, list[Path]] = {}
        self.session_data: dict[tuple[str, str], Any] = {}
        self.job_name = ""

    def get_series_dicom(self, series_id: str, dir_path: str | None = None) -> list[str] | None:
        assert dir_path is not None
        names = []
        for index, path in enumerate(self.series[series_id]):
            (Path(dir_path) / f"{index}.dcm").write_bytes(path.read_bytes())
            names.append(f"{index}.dcm")
        return names

    def set_session_data(self, name: str, value: Any) -> None:
        self.session_data[self.job_name, name] = json.loads(json.dumps(value))

    def get_session_data(self, name: str, default: Any = None, job_name: str | None = None) -> Any:
        return self.session_data.get((job_name or self.job_name, name), default)

    def run(self, job_name: str, entry: str, **arguments: Any) -> Any:
        """Calls a worker entry; the result is what JSON makes of it."""
        self.job_name = job_name
        callback = getattr(sys.modules["service_module"], entry)
        return json.loads(json.dumps(callback(job_name=job_name, added_params={}, **arguments)))


def load(name: str, folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    platform = Platform()
    sdk = ModuleType("dcm_processor_service")
    for name in ("get_series_dicom", "set_session_data", "get_session_data"):
        setattr(sdk, name, getattr(platform, name))
    monkeypatch.setitem(sys.modules, "dcm_processor_service", sdk)
    load("service_module", PACKAGE / "module")
    yield platform
    for name in [name for name in sys.modules if name.split(".")[0] == "service_module"]:
        del sys.modules[name]


@pytest.fixture
def registry() -> ModuleType:
    return load("registry_volume_report", PACKAGE / "registry")


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("study")
    done = subprocess.run(
        [
            sys.executable,
            str(REPOSITORY / "examples" / "studies" / "make_study.py"),
            str(folder),
            "--colour",
            "--structured-report",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document
