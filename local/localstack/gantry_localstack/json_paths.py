"""JSON paths of state machines are read once: LocalStack makes a parser anew at each use, 20 to 80 ms of work."""

from __future__ import annotations

from functools import cache

from localstack.runtime import hooks
from localstack.services.stepfunctions.asl.component.common.path import result_path
from localstack.services.stepfunctions.asl.utils import json_path


@hooks.on_infra_start()
def remember_json_paths() -> None:
    """What was read holds no state of an execution; there are as many as the templates have."""
    json_path.parse = cache(json_path.parse)
    result_path.parse = cache(result_path.parse)
