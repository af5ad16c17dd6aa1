"""Calls the functions of a package for dcm-processor 1, with the folders that such packages know.

`DATA` holds the patient's images (`dicom/<patient>/<series>/*.dcm`) and what earlier jobs of the session left
there; `MODULES` the package, `LOGS` its log files. What a job leaves in `DATA` is handed on to later jobs of
the same patient, and its `storage` is sent.
"""

import importlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import v1_data, v1_storage

Json = dict[str, Any]
Worker = Callable[..., Any]

_LIBRARY_LOG = re.compile(r"\d{4}_\d{1,2}_\d{1,2}\.log")


def _function(name: str) -> Worker:
    module, _, attribute = name.rpartition(".")
    function: Any = getattr(importlib.import_module(module), attribute, None)
    if not callable(function):
        raise AttributeError(f"{module!r} has no function {attribute!r}, which the job names")
    found: Worker = function
    return found


def _stage(headers: Json, data: Path) -> None:
    """The images of every series, as files of this job's own."""
    from dcm_processor_service import get_series_dicom

    for series in headers["seriesIds"]:
        get_series_dicom(series, data / headers["dcmpath"] / series)


def _print_logs(logs: Path) -> None:
    """What the package wrote to files of its own; those of `dcm_processor_lib` are in the log already."""
    has_library = "dcm_processor_lib.logging" in sys.modules
    for file in sorted(logs.rglob("*")):
        if file.is_file() and not (has_library and _LIBRARY_LOG.fullmatch(file.name)):
            print(f"[gantry] {file.name}:\n{file.read_text('utf-8', 'replace')}")


def _as_result(value: Any) -> Any:
    """Version 1 ignores what a function returns; here it is shown when JSON can hold it."""
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return value


class WorkerFunctions:
    """What `service_module` answers with when it is asked for a function by its dotted name."""

    def __init__(self, modules: Path) -> None:
        """`modules` is the folder with the package."""
        self._modules = modules

    def __call__(self, name: str) -> Worker:
        """A worker entry as version 2 has it, which calls the function."""
        if "." not in name:
            raise AttributeError(f"module 'service_module' has no attribute {name!r}")

        def entry(
            job_name: str, headers: Json, params: Json, added_params: Json, **_: object
        ) -> Any:
            return self._call(name, job_name, headers, params, added_params)

        return entry

    def _call(
        self, name: str, job_name: str, headers: Json, params: Json, added_params: Json
    ) -> Any:
        # Of this attempt, which has a process of its own: many packages read the variables at their import.
        root = Path(tempfile.mkdtemp(prefix="dcm-processor-"))
        data, logs = root / "data", root / "logs"
        for folder in (data, logs):
            folder.mkdir()
        os.environ.update(DATA=str(data), LOGS=str(logs), MODULES=str(self._modules))
        sys.path.insert(0, str(self._modules))
        _stage(headers, data)
        earlier = [other for other in added_params if other != job_name]
        v1_data.restore(data, earlier, headers["id"])
        before = v1_data.listing(data)
        try:
            result = _function(name)(
                jobName=job_name, headers=headers, params=params, added_params=added_params
            )
        finally:
            _print_logs(logs)
        v1_data.keep(data, before)
        v1_storage.send(data, headers, added_params.get(job_name) or {})
        return _as_result(result)
