"""The stand-in for the docker SDK, driven as the emulator drives it. Run by container-processes.test.ts."""

import json
import os
import shutil
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="gantry-containers-"))
IMAGES = {
    "echo": {
        "command": [
            sys.executable,
            "-c",
            "import os; print(os.environ['WORD'], os.environ.get('SECRET'))",
        ],
        "environment": {"WORD": "of the image"},
    },
    "stubborn": {
        "command": [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "print('up', flush=True); time.sleep(60)",
        ],
    },
    "polite": {
        "command": [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    },
    "failing": {"command": [sys.executable, "-c", "raise SystemExit(7)"]},
}
(FOLDER / "images.json").write_text(json.dumps(IMAGES), encoding="utf-8")
os.environ.update(
    GANTRY_CONTAINER_IMAGES=str(FOLDER / "images.json"),
    GANTRY_CONTAINER_LOGS=str(FOLDER / "logs"),
    GANTRY_CONTAINER_PIDS=str(FOLDER / "pids"),
    SECRET="of the emulator",
)

import docker  # noqa: E402  (its path and environment are the test's)
from docker.chroot import on_this_computer  # noqa: E402
from docker.user_images import UserContainer, by_engine, in_sandbox  # noqa: E402


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not become true within 10 s")
        time.sleep(0.02)


class ContainerProcesses(unittest.TestCase):
    def setUp(self) -> None:
        self.client = docker.from_env(timeout=10)

    def run_image(self, image: str, **settings: object) -> "docker.Container":
        return self.client.containers.run(image, detach=True, network="none", **settings)

    def test_a_task_gets_the_environment_of_image_and_task_and_none_of_the_emulators(self) -> None:
        container = self.run_image("echo", environment={"WORD": "http://host.docker.internal:1"})

        self.assertEqual(container.wait(), {"StatusCode": 0})
        self.assertEqual(container.logs(), b"http://127.0.0.1:1 None\n")

    def test_an_emulator_in_a_container_starts_it_in_the_computers_root_as_the_user(self) -> None:
        command = [sys.executable, "-c", "pass"]
        self.assertEqual(on_this_computer(command, "/work"), command)
        os.environ.update(GANTRY_CHROOT="/root-of-it", GANTRY_CHROOT_USER="1000:100")
        self.addCleanup(os.environ.pop, "GANTRY_CHROOT")
        self.addCleanup(os.environ.pop, "GANTRY_CHROOT_USER")

        self.assertEqual(
            on_this_computer(command, "/work"),
            ["chroot", "--userspec=1000:100", "/root-of-it", "env", "--chdir=/work", *command],
        )

    def test_a_command_over_this_computers_root_has_a_user_that_reaches_all_of_its_python(
        self,
    ) -> None:
        # Everybody reaches it, as they do not the other folders of this test.
        place = Path(tempfile.mkdtemp(prefix="gantry-reach-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, place)
        place.chmod(0o755)
        installation = place / "home" / "installation"
        environment = place / "environment"
        for folder in (installation / "bin", environment / "bin", place / "volumes"):
            folder.mkdir(parents=True)
        (installation / "bin" / "python").touch()
        (environment / "bin" / "python").symlink_to(installation / "bin" / "python")
        variables = {
            "GANTRY_HOST_ROOT_PYTHON": str(environment),
            "GANTRY_CONTAINER_VOLUMES": str(place / "volumes"),
        }
        for name, value in variables.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
        container = UserContainer("user-1", "image", {"command": ["python"]}, {}, {})

        user_of_all_reached = in_sandbox(container, None).user
        (place / "home").chmod(0o700)
        user_of_hidden_installation = in_sandbox(container, None).user

        self.assertEqual(user_of_all_reached is None, os.geteuid() != 0)
        self.assertIsNone(user_of_hidden_installation)

    def test_a_users_image_has_the_network_that_its_worker_asks_for(self) -> None:
        os.environ["GANTRY_CONTAINER_VOLUMES"] = str(FOLDER / "volumes")
        self.addCleanup(os.environ.pop, "GANTRY_CONTAINER_VOLUMES")

        def arguments(mode: str | None) -> tuple[list[str], list[str]]:
            labels = {} if mode is None else {"dockerLabels": {"gantry.network-mode": mode}}
            container = UserContainer("user-1", "image", {"command": ["run"], **labels}, {}, {})
            return list(by_engine(container).arguments), list(in_sandbox(container, None).arguments)

        engine, sandbox = arguments("none")
        self.assertEqual(engine[engine.index("--network") + 1], "none")
        self.assertIn("--unshare-net", sandbox)
        engine, sandbox = arguments("host")
        self.assertEqual(engine[engine.index("--network") + 1], "host")
        self.assertNotIn("--unshare-net", sandbox)
        self.assertNotIn("--network", arguments(None)[0])

    def test_the_environment_of_the_image_holds_where_the_task_says_nothing(self) -> None:
        container = self.run_image("echo")
        container.wait()

        self.assertEqual(container.logs(tail=1), b"of the image None\n")

    def test_output_can_be_followed_to_its_end(self) -> None:
        self.assertEqual(b"".join(self.run_image("echo").logs(stream=True)), b"of the image None\n")

    def test_an_exit_code_is_told(self) -> None:
        container = self.run_image("failing")

        self.assertEqual(container.wait()["StatusCode"], 7)
        self.assertEqual(container.status, "exited")

    def test_stop_ends_a_process_that_listens_to_sigterm(self) -> None:
        container = self.run_image("polite")
        container.stop(timeout=10)

        self.assertEqual(container.wait(), {"StatusCode": 128 + 15})

    def test_stop_kills_a_process_that_does_not(self) -> None:
        container = self.run_image("stubborn")
        until(lambda: container.logs() == b"up\n")
        container.stop(timeout=0.2)

        self.assertEqual(container.wait(), {"StatusCode": 128 + 9})

    def test_a_running_process_is_recorded_until_it_ends(self) -> None:
        pids = FOLDER / "pids"
        container = self.run_image("polite")
        self.assertEqual(
            [file.read_text().split("\0")[0] for file in pids.iterdir()], [sys.executable]
        )
        container.remove(force=True)

        until(lambda: not list(pids.iterdir()))

    def test_a_removed_container_is_no_longer_found(self) -> None:
        container = self.run_image("echo")
        self.assertIs(self.client.containers.get(container.id), container)
        container.wait()
        container.remove()

        self.assertRaises(docker.errors.NotFound, self.client.containers.get, container.id)

    def test_an_image_without_a_local_command_is_not_there(self) -> None:
        self.assertRaises(docker.errors.ImageNotFound, self.run_image, "elsewhere")
        self.assertRaises(docker.errors.ImageNotFound, self.client.images.get, "elsewhere")


if __name__ == "__main__":
    unittest.main()
