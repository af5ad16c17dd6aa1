"""A platform for one service package: series by id, session data, and its folders as modules.

The SDK here keeps its promises over a folder of files, so that a package is tested alone.
"""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


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
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
