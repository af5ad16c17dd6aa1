"""A container engine for the original platform: as much of the Docker Engine API as its docker workers use.

A "container" is the command of POST /containers/create under bubblewrap, over this computer's programs and a Python
without libraries, with the volumes at their paths and with the environment it was given, nothing else.
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

SYSTEM_FOLDERS = ("/usr", "/bin", "/lib", "/lib64", "/etc")
PYTHON = Path(sys.base_prefix)

CONTAINERS: dict[str, dict[str, Any]] = {}
#: What was asked of the engine, in order: what the platform pulled, built and ran.
ASKED: list[str] = []


def _command(create: dict[str, Any], programs: str) -> list[str]:
    folders = [name for name in SYSTEM_FOLDERS if Path(name).exists()]
    binds = [part for name in folders for part in ("--ro-bind", name, name)]
    if Path("/usr") != PYTHON:
        binds += ["--ro-bind", str(PYTHON), str(PYTHON)]
    for volume in create["HostConfig"]["Binds"]:
        source, target, _mode = volume.rsplit(":", 2)
        binds += ["--bind", source, target]
    environment = dict(entry.split("=", 1) for entry in create.get("Env", []))
    environment["PATH"] = f"{programs}:/usr/bin:/bin"
    variables = [part for item in environment.items() for part in ("--setenv", *item)]
    return [
        *("bwrap", "--die-with-parent", "--unshare-pid", "--clearenv"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        *binds,
        *("--ro-bind", programs, programs),
        *variables,
        *("--chdir", create["WorkingDir"], "--"),
        *create["Cmd"],
    ]


def _run(container: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as programs:
        # An image of Python calls it python.
        os.symlink(Path(sys.executable).resolve(), Path(programs) / "python")
        outcome = subprocess.run(
            _command(container["create"], programs),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    container.update(code=outcome.returncode, output=outcome.stdout)
    container["ended"].set()


class Engine(BaseHTTPRequestHandler):
    """The calls, by their path without its version."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing: the platform's own log tells what it did."""

    def _answer(self, code: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, value: object, code: int = 200) -> None:
        self._answer(code, json.dumps(value).encode())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _path(self) -> str:
        return re.sub(r"^/v[0-9.]+", "", self.path.split("?")[0])

    def do_GET(self) -> None:
        """Versions, and what is known of a container."""
        path = self._path()
        if path == "/version":
            return self._json(
                {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "stand-in"}
            )
        container = CONTAINERS.get(path.split("/")[2] if path.count("/") > 1 else "")
        if container is None:
            return self._json({"message": f"no {path}"}, 404)
        if path.endswith("/logs"):
            container["ended"].wait()
            frame = struct.pack(">BxxxI", 1, len(container["output"])) + container["output"]
            return self._answer(200, frame, "application/vnd.docker.multiplexed-stream")
        return self._json({"Id": container["id"], "Config": {"Tty": False}, "State": {}})

    def do_POST(self) -> None:
        """Pulls and builds are taken as done; a container is created, started, waited for."""
        body = self._body()
        path = self._path()
        if path in ("/images/create", "/build"):
            ASKED.append(f"{path} {self.path.partition('?')[2]}")
            return self._json({"status": "done"})
        if path == "/containers/create":
            identifier = uuid4().hex
            create = json.loads(body)
            ASKED.append(f"{path} {create['Image']}")
            ended = threading.Event()
            CONTAINERS[identifier] = {"id": identifier, "create": create, "ended": ended}
            return self._json({"Id": identifier, "Warnings": []}, 201)
        container = CONTAINERS[path.split("/")[2]]
        if path.endswith("/start"):
            threading.Thread(target=_run, args=(container,), daemon=True).start()
            return self._answer(204, b"")
        container["ended"].wait()
        return self._json({"StatusCode": container["code"]})

    def do_DELETE(self) -> None:
        """Forgets a container."""
        CONTAINERS.pop(self._path().split("/")[2], None)
        self._answer(204, b"")


def start() -> tuple[ThreadingHTTPServer, str]:
    """The engine, already serving, and what DOCKER_HOST is for it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"tcp://127.0.0.1:{server.server_address[1]}"
