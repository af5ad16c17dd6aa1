"""Runs the example package the way a platform does: as `service_module`, with an SDK."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from package_platform import Platform, load

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "examples" / "services" / "volume-report"


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
