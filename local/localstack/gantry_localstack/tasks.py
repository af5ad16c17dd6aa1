"""The ECS operations that start, show and stop tasks: moto keeps the records, as in LocalStack; here tasks also run."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.connect import connect_to
from localstack.aws.spec import load_service
from localstack.services.moto import MotoFallbackDispatcher, call_moto, call_moto_with_request
from localstack.services.plugins import Service, aws_provider
from moto.ecs.models import ecs_backends

from gantry_localstack.running_task import RunningTask

LOG = logging.getLogger(__name__)

NEVER = 10**9
"""moto moves a task one state further with each look at it, after this many looks."""


class TaskProvider:
    """The operations that are more than records; :func:`ecs` adds the others, which are moto's."""

    service = "ecs"
    version = "2014-11-13"

    def __init__(self) -> None:
        self._tasks: dict[str, RunningTask] = {}
        self._by_token: dict[str, Any] = {}
        self._lock = threading.Lock()

    @handler("RunTask", expand=False)
    def run_task(self, context: RequestContext, request: dict[str, Any]) -> Any:
        token = request.get("clientToken")
        with self._lock:
            if token is not None and token in self._by_token:
                return self._by_token[token]
            answer = self._run_task(context, request)
            if token is not None:
                self._by_token[token] = answer
        return answer

    def _run_task(self, context: RequestContext, request: dict[str, Any]) -> Any:
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
        for row in answer["tasks"]:
            record = _moto_task(backend, row["taskArn"])
            record._advancements = NEVER

            def stopped(task: RunningTask, record: Any = record) -> None:
                record.desired_status = record.last_status = "STOPPED"
                _tell_stopped(context, task)

            task = RunningTask(row["taskArn"], definition, overrides, stopped)
            self._tasks[task.arn] = task
            threading.Thread(target=task.run, name=f"task-{task.arn}", daemon=True).start()
            row["lastStatus"] = "PROVISIONING"
        return answer

    @handler("DescribeTasks", expand=False)
    def describe_tasks(self, context: RequestContext, request: dict[str, Any]) -> Any:
        answer = call_moto(context)
        for row in answer["tasks"]:
            if row["taskArn"] in self._tasks:
                row.update(self._tasks[row["taskArn"]].facts)
        return answer

    @handler("StopTask", expand=False)
    def stop_task(self, context: RequestContext, request: dict[str, Any]) -> Any:
        answer = call_moto(context)
        task = self._tasks[answer["task"]["taskArn"]]
        task.stop("UserInitiated", request.get("reason", "Task stopped by user"))
        return answer


def _moto_task(backend: Any, arn: str) -> Any:
    return next(tasks[arn] for tasks in backend.tasks.values() if arn in tasks)


def _tell_stopped(context: RequestContext, task: RunningTask) -> None:
    cluster = task.arn.replace(":task/", ":cluster/").rsplit("/", 1)[0]
    detail = {"taskArn": task.arn, "clusterArn": cluster, **task.facts}
    client = connect_to(aws_access_key_id=context.account_id, region_name=context.region)
    try:
        client.events.put_events(
            Entries=[
                {
                    "Source": "aws.ecs",
                    "DetailType": "ECS Task State Change",
                    "Resources": [task.arn],
                    "Detail": json.dumps(detail, default=str),
                }
            ]
        )
    except Exception:  # LocalStack is ending
        LOG.warning("nobody was told that %s has stopped", task.arn)


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
