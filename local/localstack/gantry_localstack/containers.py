"""The package of ``local/container-processes``, under another name: LocalStack imports the real ``docker``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_FOLDER = Path(__file__).parents[2] / "container-processes" / "docker"
_SPECIFICATION = importlib.util.spec_from_file_location(
    "gantry_containers", _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
)
assert _SPECIFICATION is not None
assert _SPECIFICATION.loader is not None
_MODULE = importlib.util.module_from_spec(_SPECIFICATION)
sys.modules[_SPECIFICATION.name] = _MODULE
_SPECIFICATION.loader.exec_module(_MODULE)

CONTAINERS = _MODULE.from_env().containers
on_this_computer = sys.modules["gantry_containers.chroot"].on_this_computer
