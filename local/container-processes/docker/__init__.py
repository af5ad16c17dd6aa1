"""Runs container definitions as local processes, behind the part of the docker SDK that the emulator's ECS uses.

The emulator does ``import docker``; with this package first on its path, an ECS task is a process of this
computer. What an image is comes from the JSON file named by ``GANTRY_CONTAINER_IMAGES``:
``{"image": {"command": [...], "environment": {...}, "workingDirectory": "..."}}``. A container's output goes
to a file of its own in ``GANTRY_CONTAINER_LOGS``; a file in ``GANTRY_CONTAINER_PIDS`` stands for each running
process, so that whoever started the emulator can end what an emulator that was killed has left behind.
"""

from __future__ import annotations

import atexit
import json
import os
import signal as signals
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import errors
from .errors import ImageNotFound, NotFound

__all__ = ["Client", "Container", "errors", "from_env"]

GRACE_SECONDS = 10
"""How long a process may take to end after SIGTERM before it gets SIGKILL (docker's own default)."""

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""All that a container sees of the emulator's environment."""

_containers: dict[str, Container] = {}
_containers_lock = threading.Lock()


def _images() -> dict[str, dict[str, Any]]:
    with open(os.environ["GANTRY_CONTAINER_IMAGES"], encoding="utf-8") as file:
        images: dict[str, dict[str, Any]] = json.load(file)
    return images


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

        specification = _images().get(image)
        arguments = list(command or (specification or {}).get("command") or [])
        if specification is None or not arguments:
            raise ImageNotFound(f"no local command for the image {image}")
        inherited = {key: os.environ[key] for key in INHERITED if key in os.environ}
        region = os.environ.get("MINISTACK_REGION", "us-east-1")
        full = {
            **inherited,
            "AWS_REGION": region,
            **specification.get("environment", {}),
            **(environment or {}),
        }
        # The emulator names itself as a container would reach it; here everything is on one computer.
        full = {
            key: value.replace("host.docker.internal", "127.0.0.1") for key, value in full.items()
        }

        self.log = Path(os.environ["GANTRY_CONTAINER_LOGS"]) / f"{self.name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                arguments,
                cwd=specification.get("workingDirectory"),
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pids = Path(os.environ["GANTRY_CONTAINER_PIDS"])
        pids.mkdir(parents=True, exist_ok=True)
        self._pid_file = pids / str(self._process.pid)
        self._pid_file.write_text("\0".join(arguments), encoding="utf-8")
        threading.Thread(target=self._reap, name=f"reap-{self.name}", daemon=True).start()

    def _reap(self) -> None:
        self._process.wait()
        self._pid_file.unlink(missing_ok=True)

    @property
    def status(self) -> str:
        return "running" if self._process.poll() is None else "exited"

    def reload(self) -> None:
        """Nothing to refresh: a process is asked whenever its status is."""

    def wait(self, timeout: float | None = None) -> dict[str, int]:
        code = self._process.wait(timeout)
        return {"StatusCode": code if code >= 0 else 128 - code}

    def send_signal(self, number: int) -> None:
        # It may have ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def stop(self, timeout: float = GRACE_SECONDS) -> None:
        if self._process.poll() is None:
            self.send_signal(signals.SIGTERM)
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
                ended = self._process.poll() is not None
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
