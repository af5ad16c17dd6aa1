"""ECS tasks as local processes: moto keeps the records, as in LocalStack; here RunTask also runs something.

A container is what ``local/container-processes`` makes of its image, the same as under the default emulator.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.connect import connect_to
from localstack.aws.spec import load_service
from localstack.services.moto import MotoFallbackDispatcher, call_moto, call_moto_with_request
from localstack.services.plugins import Service, aws_provider
from moto.ecs.models import ecs_backends

LOG = logging.getLogger(__name__)

NEVER = 10**9
"""moto moves a task one state further with each look at it, after this many looks."""


def _container_processes() -> ModuleType:
    """The package that stands in for Docker's, under another name: LocalStack imports the real one."""
    folder = Path(__file__).parents[2] / "container-processes" / "docker"
    specification = importlib.util.spec_from_file_location(
        "gantry_containers", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


CONTAINERS = _container_processes().from_env().containers


class TaskProvider:
    """The operations that are more than records; :func:`ecs` adds the others, which are moto's."""

    service = "ecs"
    version = "2014-11-13"

    def __init__(self) -> None:
        self._facts: dict[str, dict[str, Any]] = {}
        self._containers: dict[str, list[Any]] = {}

    @handler("RunTask", expand=False)
    def run_task(self, context: RequestContext, request: dict[str, Any]) -> Any:
        backend = ecs_backends[context.account_id][context.region]
        definition = backend.describe_task_definition(request["taskDefinition"])
        for container in definition.container_definitions:
            # moto adds these up; a Fargate task has its memory as a whole.
            container.setdefault("memory", 0)
        # moto makes a network interface for it in a subnet, and here is no network.
        definition.network_mode = "bridge"
        # Whatever capacity was asked for: others need instances.
        fargate = {**request, "launchType": "FARGATE", "capacityProviderStrategy": []}
        answer = call_moto_with_request(context, fargate)
        overrides = {
            override["name"]: override
            for override in (request.get("overrides") or {}).get("containerOverrides", [])
        }
        for task in answer["tasks"]:
            arn = task["taskArn"]
            _moto_task(backend, arn)._advancements = NEVER
            self._facts[arn] = {
                "lastStatus": "RUNNING",
                "desiredStatus": "RUNNING",
                "startedAt": datetime.now(UTC),
                "containers": [],
            }
            threading.Thread(
                target=self._run,
                args=(context, arn, definition.container_definitions, overrides),
                daemon=True,
            ).start()
            task["lastStatus"] = "PROVISIONING"
        return answer

    @handler("DescribeTasks", expand=False)
    def describe_tasks(self, context: RequestContext, request: dict[str, Any]) -> Any:
        answer = call_moto(context)
        for task in answer["tasks"]:
            task.update(self._facts.get(task["taskArn"], {}))
        return answer

    @handler("StopTask", expand=False)
    def stop_task(self, context: RequestContext, request: dict[str, Any]) -> Any:
        answer = call_moto(context)
        arn = answer["task"]["taskArn"]
        reason = request.get("reason", "Task stopped by user")
        self._facts[arn].update(stopCode="UserInitiated", stoppedReason=reason)
        for container in self._containers.get(arn, []):
            threading.Thread(target=container.stop, daemon=True).start()
        return answer

    def _run(
        self,
        context: RequestContext,
        arn: str,
        definitions: list[dict[str, Any]],
        overrides: dict[str, dict[str, Any]],
    ) -> None:
        facts = self._facts[arn]
        running = []
        self._containers[arn] = []
        for definition in definitions:
            row = {"name": definition["name"], "taskArn": arn, "lastStatus": "RUNNING"}
            facts["containers"].append(row)
            try:
                container = _start(definition, overrides.get(definition["name"], {}), arn)
            except Exception as error:  # whatever it is, the task ends with it as its reason
                row.update(lastStatus="STOPPED", reason=f"CannotStartContainerError: {error}")
                facts.update(stopCode="TaskFailedToStart", stoppedReason=row["reason"])
                continue
            self._containers[arn].append(container)
            running.append((row, container))
        for row, container in running:
            row.update(exitCode=container.wait()["StatusCode"], lastStatus="STOPPED")
        facts.update(
            lastStatus="STOPPED",
            desiredStatus="STOPPED",
            stoppedAt=datetime.now(UTC),
            stopCode=facts.get("stopCode", "EssentialContainerExited"),
            stoppedReason=facts.get("stoppedReason", "Essential container in task exited"),
        )
        _tell_stopped(context, arn, facts)


def _moto_task(backend: Any, arn: str) -> Any:
    return next(tasks[arn] for tasks in backend.tasks.values() if arn in tasks)


def _start(definition: dict[str, Any], override: dict[str, Any], arn: str) -> Any:
    variables = [*(definition.get("environment") or []), *(override.get("environment") or [])]
    return CONTAINERS.run(
        definition["image"],
        command=override.get("command") or definition.get("command") or None,
        environment={
            "AWS_ENDPOINT_URL": os.environ["GANTRY_ENDPOINT_URL"],
            **{variable["name"]: variable["value"] for variable in variables},
        },
        name=f"ecs-{arn.rsplit('/', 1)[1]}-{definition['name']}",
    )


def _tell_stopped(context: RequestContext, arn: str, facts: dict[str, Any]) -> None:
    cluster = arn.replace(":task/", ":cluster/").rsplit("/", 1)[0]
    detail = {"taskArn": arn, "clusterArn": cluster, **facts}
    client = connect_to(aws_access_key_id=context.account_id, region_name=context.region)
    try:
        client.events.put_events(
            Entries=[
                {
                    "Source": "aws.ecs",
                    "DetailType": "ECS Task State Change",
                    "Resources": [arn],
                    "Detail": json.dumps(detail, default=str),
                }
            ]
        )
    except Exception:  # LocalStack is ending
        LOG.warning("nobody was told that %s has stopped", arn)


def _add_moto_operations() -> None:
    """The dispatcher asks moto for what raises NotImplementedError."""
    ours = {getattr(value, "operation", None) for value in vars(TaskProvider).values()}
    for operation in set(load_service("ecs").operation_names) - ours:

        def by_moto(self: TaskProvider, context: RequestContext, request: Any) -> Any:
            raise NotImplementedError

        by_moto.__name__ = f"moto_{operation}"
        setattr(TaskProvider, by_moto.__name__, handler(operation, expand=False)(by_moto))


@aws_provider(api="ecs")
def ecs() -> Service:
    """LocalStack's entry point for the service ``ecs``."""
    _add_moto_operations()
    return Service.for_provider(TaskProvider(), dispatch_table_factory=MotoFallbackDispatcher)
