"""Runs container definitions as local processes, behind the part of the docker SDK that the emulator's ECS uses.

The emulator does ``import docker``; with this package first on its path, an ECS task is a process of this
computer. What an image is comes from the JSON file named by ``GANTRY_CONTAINER_IMAGES``:
``{"image": {"entryPoint": [...], "command": [...], "environment": {...}, "workingDirectory": "..."}}``.
A container's output goes to a file of its own in ``GANTRY_CONTAINER_LOGS``; a file in ``GANTRY_CONTAINER_PIDS``
stands for each running process, so that whoever started the emulator can end what an emulator that was killed
has left behind.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal as signals
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import errors
from .chroot import on_this_computer
from .errors import ImageNotFound, NotFound
from .tasks import Task, metadata_uri, task_of
from .user_images import UserContainer, user_command

__all__ = ["Client", "Container", "errors", "from_env"]

GRACE_SECONDS = 10
"""How long a process may take to end after SIGTERM before it gets SIGKILL (docker's own default)."""

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""All that a container sees of the emulator's environment."""

LABEL_FILE = "stand-in.txt"
"""In the private volume of a task: what a person must know of how its user's image was run."""

OUTPUT_FILE = "output.log"
"""In the module volume: what the user's container wrote."""

_containers: dict[str, Container] = {}
_containers_lock = threading.Lock()


def _images() -> dict[str, dict[str, Any]]:
    with open(os.environ["GANTRY_CONTAINER_IMAGES"], encoding="utf-8") as file:
        images: dict[str, dict[str, Any]] = json.load(file)
    return images


@dataclass(frozen=True)
class _Command:
    arguments: Sequence[str]
    environment: Mapping[str, str]
    working_directory: str | None
    #: None: that of the emulator.
    user: int | None
    #: Where the log is copied to at the end, for the task's other containers.
    keeps_output_in: Path | None = None


class Container:
    """One process, in a session of its own so that its children end with it."""

    def __init__(
        self,
        image: str,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        name: str = "",
        **_unused: object,
    ) -> None:
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.name = name or self.id[:12]
        self.labels = dict(labels or {})
        self.attrs: dict[str, Any] = {"NetworkSettings": {"Networks": {}}, "State": {}}

        self.log = Path(os.environ["GANTRY_CONTAINER_LOGS"]) / f"{self.name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        self._label: str | None = None
        self._cancelled = threading.Event()
        self._never_started = threading.Event()
        #: It was started, or never will be.
        self._decided = threading.Event()
        self._role = self.labels.get("com.amazonaws.ecs.container-name", "")
        self._task = task_of(self.labels)
        self._command = self._command_of(image, command, dict(environment or {}))
        if self._task is None:
            self._start()
            return
        self._task.containers[self._role] = self
        threading.Thread(
            target=self._start_in_turn, args=(self._task,), name=f"turn-{self.name}", daemon=True
        ).start()

    def _command_of(
        self, image: str, command: Sequence[str] | None, environment: dict[str, str]
    ) -> _Command:
        # The emulator names itself as a container would reach it; here everything is on one computer.
        environment = {
            key: value.replace("host.docker.internal", "127.0.0.1")
            for key, value in environment.items()
        }
        mounts = {} if self._task is None else self._task.mounts(self._role)
        specification = _images().get(image)
        if specification is None and self._task is not None:
            return self._user_command(self._task, image, environment, mounts)
        arguments = [
            *(specification or {}).get("entryPoint", []),
            *(command or (specification or {}).get("command") or []),
        ]
        if specification is None or not arguments:
            raise ImageNotFound(f"no local command for the image {image}")
        if self._task is not None:
            environment["ECS_CONTAINER_METADATA_URI_V4"] = metadata_uri(self._task)
        inherited = {key: os.environ[key] for key in INHERITED if key in os.environ}
        full = {
            **inherited,
            "AWS_REGION": os.environ.get("MINISTACK_REGION", "us-east-1"),
            **specification.get("environment", {}),
            # A process has no mounts of its own: where one is spoken of, it is told the folder.
            **{key: str(mounts.get(value, value)) for key, value in environment.items()},
        }
        return _Command(arguments, full, specification.get("workingDirectory"), None)

    def _user_command(
        self, task: Task, image: str, environment: dict[str, str], mounts: dict[str, Path]
    ) -> _Command:
        # What the emulator adds to every container leads to its API: nothing for a user's image.
        own = {
            key: value for key, value in environment.items() if not key.startswith(("AWS_", "ECS_"))
        }
        definition = task.container_definition(self._role)
        prepared = user_command(UserContainer(self.name, image, definition, own, mounts))
        self._label = prepared.label
        output = task.volume("module") / OUTPUT_FILE
        return _Command(prepared.arguments, prepared.environment, None, prepared.user, output)

    def _start_in_turn(self, task: Task) -> None:
        if task.wait_for_turn(self._role, self._cancelled.is_set):
            if self._label is not None:
                (task.volume("private") / LABEL_FILE).write_text(self._label, encoding="utf-8")
            try:
                self._start()
                return
            except OSError as error:
                self.log.write_text(f"{error}\n", encoding="utf-8")
        self._never_started.set()
        self._decided.set()
        task.container_ended()

    def _start(self) -> None:
        command = self._command
        identity: dict[str, Any] = (
            {}
            if command.user is None
            else {"user": command.user, "group": command.user, "extra_groups": []}
        )
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                on_this_computer(command.arguments, command.working_directory),
                cwd=command.working_directory,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **identity,
            )
        pids = Path(os.environ["GANTRY_CONTAINER_PIDS"])
        pids.mkdir(parents=True, exist_ok=True)
        self._pid_file = pids / str(self._process.pid)
        self._pid_file.write_text("\0".join(command.arguments), encoding="utf-8")
        self._decided.set()
        threading.Thread(
            target=self._reap, args=(self._process,), name=f"reap-{self.name}", daemon=True
        ).start()

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._pid_file.unlink(missing_ok=True)
        if self._task is None:
            return
        if self._command.keeps_output_in is not None and not self._command.keeps_output_in.exists():
            # What `main.py` leaves of its output; a command of the worker's own leaves none.
            shutil.copyfile(self.log, self._command.keeps_output_in)
        self._task.container_ended()

    @property
    def status(self) -> str:
        if self._never_started.is_set():
            return "exited"
        if self._process is None:
            return "created"
        return "running" if self._process.poll() is None else "exited"

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and when it never did."""
        code = None if self._process is None else self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def reload(self) -> None:
        """Nothing to refresh: a process is asked whenever its status is."""

    def wait(self, timeout: float | None = None) -> dict[str, int]:
        self._decided.wait(timeout)
        if self._process is not None:
            self._process.wait(timeout)
        return {"StatusCode": 1 if self.exit_code is None else self.exit_code}

    def send_signal(self, number: int) -> None:
        self._cancelled.set()
        # It may have ended.
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def stop(self, timeout: float = GRACE_SECONDS) -> None:
        self.send_signal(signals.SIGTERM)
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        # What the process left behind in its session goes too.
        self.send_signal(signals.SIGKILL)
        self._process.wait()

    def kill(self, signal: object = None) -> None:
        self.send_signal(signals.SIGKILL)

    def remove(self, v: bool = False, force: bool = False) -> None:
        if force:
            self.stop()
        with _containers_lock:
            _containers.pop(self.id, None)

    def logs(
        self, stream: bool = False, tail: int | str = "all", **_unused: object
    ) -> bytes | Iterator[bytes]:
        if stream:
            return self._follow()
        content = self.log.read_bytes()
        return (
            b"".join(content.splitlines(keepends=True)[-tail:])
            if isinstance(tail, int)
            else content
        )

    def _follow(self) -> Iterator[bytes]:
        with self.log.open("rb") as file:
            while True:
                ended = self.status == "exited"
                chunk = file.read()
                if chunk:
                    yield chunk
                if ended:
                    return
                time.sleep(0.1)


class _Containers:
    def run(self, image: str, **settings: Any) -> Container:
        container = Container(image, **settings)
        with _containers_lock:
            _containers[container.id] = container
        return container

    def get(self, container_id: str) -> Container:
        with _containers_lock:
            container = _containers.get(container_id)
        if container is None:
            raise NotFound(f"no container {container_id}")
        return container

    def list(self, all: bool = False, filters: object = None, **_unused: object) -> list[Container]:
        with _containers_lock:
            containers = [*_containers.values()]
        return [container for container in containers if all or container.status == "running"]


class _Image:
    """Every image is there: it is a name for a command."""

    id = "sha256:" + "0" * 64

    def tag(self, *_unused: object, **_also_unused: object) -> bool:
        return True


class _Images:
    def get(self, reference: str, **_unused: object) -> _Image:
        if reference not in _images():
            raise ImageNotFound(f"no local command for the image {reference}")
        return _Image()

    def pull(self, reference: str, **_unused: object) -> _Image:
        return self.get(reference)

    def get_registry_data(self, reference: str, **_unused: object) -> _Image:
        raise NotFound(f"{reference} is in no registry")


class Client:
    """What ``docker.from_env`` gives."""

    def __init__(self) -> None:
        self.containers = _Containers()
        self.images = _Images()


def from_env(**_unused: object) -> Client:
    return Client()


def _end_all() -> None:
    """A container ends with its engine. All get SIGTERM at once and share the time that they are given."""
    with _containers_lock:
        running = [container for container in _containers.values() if container.status == "running"]
    for container in running:
        container.send_signal(signals.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for container in running:
        container.stop(max(0.0, deadline - time.monotonic()))


atexit.register(_end_all)
