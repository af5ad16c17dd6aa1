"""The original platform, installed from its packages: installs packages, is sent images, runs what comes of them.

    original_platform.py --images FOLDER --package FOLDER [--package FOLDER …]

Everything of it is its own code, by its own command: ``create``, ``install``, ``start``, its listener, scheduler and
workers. Stand-ins: MongoDB, the container engine, and pyenv, which offers this Python as every version. Listener and
peer are written into the database, because its command ``node add`` cannot.

Prints one JSON document: the service jobs of the session in their order, and the platform's log.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import engine_stand_in
import mongo_stand_in
import pydicom
from bson import json_util
from dcm_processor.libs.config import get_device_id
from pymongo import MongoClient
from pynetdicom import AE

APP = "site"
AE_TITLE = "ORIGINAL"
CALLING = "MODALITY"
LIMIT_S = 600
PYENV = """#!/bin/sh
case "$1" in
  versions) for minor in 10 11 12 13 14; do echo "3.$minor.0"; done ;;
  prefix) echo '{prefix}' ;;
  *) exit 1 ;;
esac
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Platform:
    """One application of the original in a folder of its own."""

    def __init__(self, folder: Path, database_url: str, engine: str) -> None:
        self.port = _free_port()
        self.folder = folder
        self.url = database_url
        programs = folder / "programs"
        programs.mkdir()
        pyenv = programs / "pyenv"
        prefix = folder / "python"
        (prefix / "bin").mkdir(parents=True)
        (prefix / "bin" / "python").symlink_to(Path(sys.executable).resolve())
        pyenv.write_text(PYENV.format(prefix=prefix))
        pyenv.chmod(0o755)
        config = folder / "config"
        config.mkdir()
        os.environ["DCM_PROCESSOR_CONFIG_DIR"] = str(config)
        self.environment = {
            **os.environ,
            "DOCKER_HOST": engine,
            "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.database: Any = MongoClient(database_url)[f"dcm_processor_app_{APP}"]

    def command(self, *arguments: str) -> str:
        """What ``dcm-processor …`` prints; fails when it does."""
        done = subprocess.run(
            ["dcm-processor", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"dcm-processor {' '.join(arguments)} failed:\n{done.stdout}")
        return done.stdout

    def configure(self) -> None:
        """The application, with a listener and a peer of this computer."""
        self.command("create", APP, "--db-url", self.url)
        self.database.dicomnodes.insert_one(
            {
                "name": "node",
                "host": "127.0.0.1",
                "port": self.port,
                "aet": AE_TITLE,
                "device_id": get_device_id(),
            }
        )
        self.database.peers.insert_one(
            {
                "name": "modality",
                "host": "127.0.0.1",
                "port": _free_port(),
                "aet": CALLING,
                "whitelist_aet": [CALLING],
                "whitelist_ip": ["127.0.0.1"],
                "tls": False,
            }
        )

    def install(self, package: str) -> None:
        """Fails unless the sections of its manifest are there afterwards; the original itself says nothing."""
        printed = self.command("install", str(Path(package).resolve()))
        manifest = json.loads((Path(package) / "dcm-processor.json").read_text())
        for section in ("worker", "service"):
            found = self.database[f"{section}s"].count_documents({"name": manifest["name"]})
            if section in manifest and found != 1:
                raise SystemExit(f"{package}: {found} {section}s instead of one:\n{printed}")

    def session(self, images: str) -> dict[str, Any]:
        """Sends the images, waits until the last job of their session has ended."""
        process = subprocess.Popen(
            ["dcm-processor", "start", APP, "-j", "2"],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._send(images)
            deadline = time.monotonic() + LIMIT_S
            while not self._ended() and not self._stuck() and time.monotonic() < deadline:
                time.sleep(1)
        finally:
            # Its command ``stop`` leaves the process that started it, and running services, behind.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log = next(self.folder.glob("config/apps/*/logs.txt")).read_text()
        jobs = self.database.jobs.find({"job_name": {"$exists": True}}).sort("createdAt")
        return {"ended": self._ended(), "jobs": list(jobs), "log": log}

    def _ended(self) -> bool:
        post = self.database.jobs.find_one(
            {"data.function_name": "dcm_processor_worker.post_services"}
        )
        return post is not None and (post["done"] or post["error"])

    def _stuck(self) -> bool:
        """Whether a process has failed: what depends on its job waits for ever, the post-service too."""
        return self.database.jobs.find_one({"error": True}) is not None

    def _send(self, images: str) -> None:
        entity = AE(CALLING)
        datasets = [pydicom.dcmread(file) for file in sorted(Path(images).rglob("*.dcm"))]
        for dataset in datasets:
            syntax = dataset.file_meta.TransferSyntaxUID
            entity.add_requested_context(dataset.SOPClassUID, syntax)
        deadline = time.monotonic() + 60
        association = entity.associate("127.0.0.1", self.port, ae_title=AE_TITLE)
        while not association.is_established and time.monotonic() < deadline:
            time.sleep(0.5)
            association = entity.associate("127.0.0.1", self.port, ae_title=AE_TITLE)
        for dataset in datasets:
            status = association.send_c_store(dataset)
            if status.Status != 0:
                raise SystemExit(f"an image was answered with {status.Status:#06x}")
        association.release()


def main() -> None:
    """See the module's documentation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", required=True)
    parser.add_argument("--package", action="append", required=True)
    arguments = parser.parse_args()
    _server, database_url = mongo_stand_in.start()
    _engine, engine = engine_stand_in.start()
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder), database_url, engine)
        platform.configure()
        for package in arguments.package:
            platform.install(package)
        session = platform.session(arguments.images)
    print(json_util.dumps({**session, "engine": engine_stand_in.ASKED}))


if __name__ == "__main__":
    main()
