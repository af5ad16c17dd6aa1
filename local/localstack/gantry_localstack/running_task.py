"""One ECS task as local processes: a process for each container, all of them ended with the first essential one.

A container is what ``local/container-processes`` makes of its image, the same as under the default emulator;
that also keeps the order in which the containers of a task start, and their volumes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import UTC, datetime
from typing import Any

from gantry_localstack.containers import CONTAINERS


class RunningTask:
    """From RunTask to STOPPED; ``facts`` is what DescribeTasks tells of it beside its record."""

    def __init__(
        self,
        arn: str,
        definition: Any,
        overrides: Mapping[str, Mapping[str, Any]],
        stopped: Callable[[RunningTask], None],
    ) -> None:
        self.arn = arn
        self.facts: dict[str, Any] = {
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "startedAt": datetime.now(UTC),
            "containers": [],
        }
        self._definition = definition
        self._overrides = overrides
        self._stopped = stopped
        self._containers: list[Any] = []
        self._stopping = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Starts the containers and returns when the task has stopped."""
        ends: dict[Future[None], bool] = {}
        for definition in self._definition.container_definitions:
            row = {"name": definition["name"], "taskArn": self.arn, "lastStatus": "PENDING"}
            self.facts["containers"].append(row)
            try:
                container = self._start(definition)
            except Exception as error:  # whatever it is, the task ends with it as its reason
                row.update(lastStatus="STOPPED", reason=f"CannotStartContainerError: {error}")
                self.stop("TaskFailedToStart", row["reason"])
                break
            if container is None:
                break
            row.update(lastStatus="RUNNING")
            ends[_follow(row, container)] = definition.get("essential", True)
        running = set(ends)
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            if running and any(ends[end] for end in ended):
                self.stop("EssentialContainerExited", "Essential container in task exited")
        self.facts.setdefault("stopCode", "EssentialContainerExited")
        self.facts.setdefault("stoppedReason", "Essential container in task exited")
        self.facts.update(
            lastStatus="STOPPED", desiredStatus="STOPPED", stoppedAt=datetime.now(UTC)
        )
        self._stopped(self)

    def stop(self, code: str, reason: str) -> None:
        """Tells the containers to end; the first reason is the one that counts."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
            self.facts.update(desiredStatus="STOPPED", stopCode=code, stoppedReason=reason)
            containers = [*self._containers]
        for container in containers:
            threading.Thread(target=container.stop, daemon=True).start()

    def _start(self, definition: Mapping[str, Any]) -> Any:
        """None when the task is being stopped."""
        override = self._overrides.get(definition["name"], {})
        variables = [*(definition.get("environment") or []), *(override.get("environment") or [])]
        with self._lock:
            if self._stopping:
                return None
            container = CONTAINERS.run(
                definition["image"],
                command=override.get("command") or definition.get("command") or None,
                environment={
                    "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
                    **{variable["name"]: variable["value"] for variable in variables},
                },
                name=f"ecs-{self.arn.rsplit('/', 1)[1]}-{definition['name']}",
                labels={
                    "com.amazonaws.ecs.container-name": definition["name"],
                    "com.amazonaws.ecs.task-arn": self.arn,
                    "com.amazonaws.ecs.task-definition-family": self._definition.family,
                    "com.amazonaws.ecs.task-definition-version": str(self._definition.revision),
                },
            )
            self._containers.append(container)
        return container


def _follow(row: dict[str, Any], container: Any) -> Future[None]:
    """Completes when the container has ended and its row says so."""
    end: Future[None] = Future()

    def follow() -> None:
        row.update(exitCode=container.wait()["StatusCode"], lastStatus="STOPPED")
        end.set_result(None)

    threading.Thread(target=follow, daemon=True).start()
    return end
