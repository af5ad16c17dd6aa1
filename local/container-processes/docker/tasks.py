"""What ECS's agent does for the containers of a task: order, volumes, and the metadata endpoint.

The emulator starts all containers of a task at once and knows no volumes of the task's own; both are in
the task definition, which this asks the emulator for.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

_LABEL = "com.amazonaws.ecs."


class TaskContainer(Protocol):
    """What a task needs to know of its containers."""

    @property
    def status(self) -> str: ...

    @property
    def exit_code(self) -> int | None: ...


@dataclass
class Task:
    """One task of several containers; its volumes are folders that end with it."""

    arn: str
    definition: Mapping[str, Any]
    folder: Path
    containers: dict[str, TaskContainer] = field(default_factory=dict)
    ended: threading.Condition = field(default_factory=threading.Condition)

    def container_definition(self, name: str) -> Mapping[str, Any]:
        for definition in self.definition["containerDefinitions"]:
            if definition["name"] == name:
                found: Mapping[str, Any] = definition
                return found
        return {}

    def volume(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def mounts(self, container: str) -> dict[str, Path]:
        """By the path in the container."""
        points = self.container_definition(container).get("mountPoints") or []
        return {point["containerPath"]: self.volume(point["sourceVolume"]) for point in points}

    def may_start(self, container: str) -> bool | None:
        """None: not yet. False: never, for what it depends on did not end as it must."""
        answers = [
            self._condition_holds(one["containerName"], one["condition"])
            for one in self.container_definition(container).get("dependsOn") or []
        ]
        if any(answer is False for answer in answers):
            return False
        return None if any(answer is None for answer in answers) else True

    def _condition_holds(self, name: str, condition: str) -> bool | None:
        other = self.containers.get(name)
        if other is None or other.status == "created":
            return None
        if condition == "START":
            return True
        if other.status != "exited":
            return None
        return other.exit_code == 0 if condition == "SUCCESS" else True

    def wait_for_turn(self, container: str, cancelled: Callable[[], bool]) -> bool:
        """Returns when the container may start; False when it never may."""
        with self.ended:
            while True:
                answer = self.may_start(container)
                if cancelled():
                    return False
                if answer is not None:
                    return answer
                self.ended.wait(1)

    def container_ended(self) -> None:
        with self.ended:
            self.ended.notify_all()
        if len(self.containers) == len(self.definition["containerDefinitions"]) and all(
            container.status == "exited" for container in self.containers.values()
        ):
            shutil.rmtree(self.folder, ignore_errors=True)

    def metadata(self) -> dict[str, Any]:
        """The answer of `/task` of the task metadata endpoint, version 4."""
        known = {"created": "CREATED", "running": "RUNNING", "exited": "STOPPED"}
        return {
            "TaskARN": self.arn,
            "Containers": [
                {
                    "Name": name,
                    "KnownStatus": known[container.status],
                    **({} if container.exit_code is None else {"ExitCode": container.exit_code}),
                }
                for name, container in self.containers.items()
            ],
        }


_tasks: dict[str, Task] = {}
_lock = threading.Lock()
_endpoint: ThreadingHTTPServer | None = None


def _describe(family: str, version: str) -> Mapping[str, Any]:
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"],
        data=json.dumps({"taskDefinition": f"{family}:{version}"}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition",
            "Authorization": "AWS4-HMAC-SHA256 Credential=gantry/20250101/us-east-1/ecs/aws4_request",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        definition: Mapping[str, Any] = json.load(response)["taskDefinition"]
    return definition


def task_of(labels: Mapping[str, str]) -> Task | None:
    """The task that a container with these labels is of; None for one that is alone in its task."""
    arn = labels.get(f"{_LABEL}task-arn")
    if arn is None:
        return None
    with _lock:
        if arn in _tasks:
            return _tasks[arn]
        definition = _describe(
            labels[f"{_LABEL}task-definition-family"], labels[f"{_LABEL}task-definition-version"]
        )
        if len(definition["containerDefinitions"]) < 2:
            return None
        folder = Path(os.environ["GANTRY_CONTAINER_VOLUMES"]) / arn.rsplit("/", 1)[-1]
        folder.mkdir(parents=True, exist_ok=True)
        # Volumes are open to everybody who knows this folder's name.
        folder.parent.chmod(0o711)
        folder.chmod(0o711)
        _tasks[arn] = Task(arn, definition, folder)
        return _tasks[arn]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.strip("/").split("/")[0]
        task = next((one for arn, one in _tasks.items() if arn.endswith(f"/{name}")), None)
        body = json.dumps(task.metadata() if task else {"message": "no such task"}).encode()
        self.send_response(200 if task else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: every container of every task asks twice a second."""


def metadata_uri(task: Task) -> str:
    """What ECS_CONTAINER_METADATA_URI_V4 is for the containers of the task."""
    global _endpoint
    with _lock:
        if _endpoint is None:
            _endpoint = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
            _endpoint.daemon_threads = True
            threading.Thread(
                target=_endpoint.serve_forever, name="task-metadata", daemon=True
            ).start()
        port = _endpoint.server_address[1]
    return f"http://127.0.0.1:{port}/{task.arn.rsplit('/', 1)[-1]}"
