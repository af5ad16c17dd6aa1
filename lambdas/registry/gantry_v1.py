"""Calls the registry callbacks of a package for dcm-processor 1: with its arguments, by their dotted names."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class RegistryFunctions:
    """What `service_registry` answers with when it is asked for a callback by its dotted name."""

    def __init__(self, registry: Path) -> None:
        """`registry` is the folder with the package."""
        self._registry = registry

    def __call__(self, name: str) -> Callable[..., object]:
        """A registry callback as version 2 has it; what the function returns has the same forms in both."""
        module, _, attribute = name.rpartition(".")
        if module == "":
            raise AttributeError(f"module 'service_registry' has no attribute {name!r}")
        os.environ["REGISTRY"] = str(self._registry)
        sys.path.insert(0, str(self._registry))
        function: Callable[..., object] = getattr(importlib.import_module(module), attribute)

        def callback(
            session_id: str, job_name: str, headers: Json, added_params: Json, params: Json
        ) -> object:
            return function(
                jobName=job_name, headers=headers, added_params=added_params, params=params
            )

        return callback
