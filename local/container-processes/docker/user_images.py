"""How a user's image is run on this computer: by its container engine, or by what stands in for one.

In this order: a container engine that answers; bubblewrap over the image's unpacked root, if a folder of
that name is in ``GANTRY_IMAGE_ROOTS``; bubblewrap over this computer's own root, read-only, unless
``GANTRY_HOST_ROOT`` is ``never``. The last is not the image, and whoever looks at the job is told so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .chroot import on_this_computer
from .errors import ImageNotFound

_ENGINE = "docker"
_ANSWER_SECONDS = 10
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: `NETWORK_MODE_LABEL` of core/contracts/docker-task.ts.
_NETWORK_MODE = "gantry.network-mode"
#: Above the user ids of attempts, below those of the system.
_FIRST_USER = 60_000
_USERS = 5000
#: Made anew in the sandbox, or other people's.
_NOT_SHARED = {"dev", "proc", "tmp", "root", "home", "sys"}


@dataclass(frozen=True)
class UserCommand:
    """How to start a container of a user's image."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    #: None: that of this process.
    user: int | None
    #: What a person must know who sees the job; None when it is the image itself that runs.
    label: str | None


@dataclass(frozen=True)
class UserContainer:
    """What is to run."""

    name: str
    image: str
    definition: Mapping[str, Any]
    environment: Mapping[str, str]
    #: Path in the container → folder here.
    mounts: Mapping[str, Path]


def _engine_answers() -> bool:
    try:
        answer = subprocess.run(
            on_this_computer([_ENGINE, "version", "--format", "{{.Server.Version}}"]),
            capture_output=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _gpus(definition: Mapping[str, Any]) -> list[str]:
    for requirement in definition.get("resourceRequirements") or []:
        if requirement.get("type") == "GPU":
            return ["--gpus", str(requirement["value"])]
    return []


def _network_mode(definition: Mapping[str, Any]) -> str | None:
    mode: str | None = (definition.get("dockerLabels") or {}).get(_NETWORK_MODE)
    return mode


def by_engine(container: UserContainer) -> UserCommand:
    """By the container engine that answers."""
    definition = container.definition
    network = _network_mode(definition)
    shared = (definition.get("linuxParameters") or {}).get("sharedMemorySize")
    return UserCommand(
        arguments=[
            *(_ENGINE, "run", "--rm", "--init", "--name", container.name),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *(f"--volume={here}:{there}" for there, here in container.mounts.items()),
            *(f"--env={name}={value}" for name, value in container.environment.items()),
            *(["--user", definition["user"]] if definition.get("user") else []),
            *(
                ["--workdir", definition["workingDirectory"]]
                if "workingDirectory" in definition
                else []
            ),
            *(["--shm-size", f"{shared}m"] if shared else []),
            *(["--network", network] if network else []),
            *_gpus(definition),
            container.image,
            *(definition.get("command") or []),
        ],
        environment={
            name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST") if name in os.environ
        },
        user=None,
        label=None,
    )


def image_root(image: str) -> Path | None:
    """The unpacked root that stands for an image: its name with ``_`` for what is no letter, digit, ``.`` or ``-``."""
    roots = os.environ.get("GANTRY_IMAGE_ROOTS", "")
    if not roots:
        return None
    folder = Path(roots) / re.sub(r"[^A-Za-z0-9.-]", "_", image)
    return folder if folder.is_dir() else None


def _root_arguments(root: Path, hidden: Sequence[Path]) -> list[str]:
    arguments = ["--tmpfs", "/"]
    for entry in sorted(root.iterdir()):
        if entry.name in _NOT_SHARED:
            continue
        if entry.is_symlink():
            arguments += ["--symlink", os.readlink(entry), f"/{entry.name}"]
        else:
            arguments += ["--ro-bind", str(entry), f"/{entry.name}"]
    arguments += [
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--tmpfs",
        "/tmp",
        "--dir",
        "/root",
        "--dir",
        "/home",
    ]
    for folder in hidden:
        arguments += ["--tmpfs", str(folder)]
    return arguments


def _python_folders(python: Path) -> list[Path]:
    """A virtual environment, and the installation that it is of."""
    return sorted({python, (python / "bin" / "python").resolve().parent.parent})


def _uncovered(python: Path, hidden: Sequence[Path]) -> list[str]:
    """What of the Python the sandbox would not show."""
    covers = [*hidden, *(Path("/") / name for name in _NOT_SHARED)]
    return [
        part
        for folder in _python_folders(python)
        if any(folder.is_relative_to(cover) for cover in covers)
        for part in ("--ro-bind", str(folder), str(folder))
    ]


def _others_reach(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def in_sandbox(container: UserContainer, root: Path | None) -> UserCommand:
    """By bubblewrap over the image's unpacked root; None: over this computer's own."""
    over_host = root is None
    python = Path(os.environ.get("GANTRY_HOST_ROOT_PYTHON", "/usr")).resolve()
    # Of this computer, what this Gantry stores is nobody's business; the Python may lie below it.
    hidden = [Path(os.environ["GANTRY_CONTAINER_VOLUMES"]).parent] if over_host else []
    environment = {
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        **container.environment,
        "PATH": f"{python / 'bin'}:{_DEFAULT_PATH}" if over_host else _DEFAULT_PATH,
    }
    arguments = [
        "bwrap",
        *_root_arguments(root or Path("/"), hidden),
        *(_uncovered(python, hidden) if over_host else []),
        *(
            part
            for there, here in container.mounts.items()
            for part in ("--bind", str(here), there)
        ),
        # Any other mode than none has this computer's network, as the program beside it.
        *(["--unshare-net"] if _network_mode(container.definition) == "none" else []),
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL"),
        *("--new-session", "--clearenv"),
        *(part for name, value in environment.items() for part in ("--setenv", name, value)),
        *("--chdir", container.definition.get("workingDirectory") or "/"),
        "--",
        *(container.definition.get("command") or []),
    ]
    label = (
        f"there is no container engine here: instead of the image {container.image}, its command ran over this "
        "computer's own root, read-only, with the platform's Python"
        if over_host
        else f"there is no container engine here: the image {container.image} ran from its unpacked root"
    )
    # A user id of its own, where this process may give one that reaches what the container needs.
    needed = [*container.mounts.values(), *(_python_folders(python) if over_host else [])]
    own_user = os.geteuid() == 0 and all(_others_reach(folder.resolve()) for folder in needed)
    own = _FIRST_USER + zlib.crc32(container.name.encode()) % _USERS
    return UserCommand(
        arguments=arguments,
        environment={"PATH": os.environ.get("PATH", _DEFAULT_PATH)},
        user=own if own_user else None,
        label=label,
    )


def user_command(container: UserContainer) -> UserCommand:
    """Raises ImageNotFound, which says all that is missing."""
    if _engine_answers():
        return by_engine(container)
    missing = [f"no container engine answers (the command `{_ENGINE}`)"]
    root = image_root(container.image)
    if shutil.which("bwrap") is None:
        missing.append(
            "bubblewrap (the command `bwrap`), which could stand in for one, is not installed"
        )
    elif root is not None:
        return in_sandbox(container, root)
    elif os.environ.get("GANTRY_HOST_ROOT") != "never":
        return in_sandbox(container, None)
    else:
        missing.append(
            "no unpacked root of the image is in the folder GANTRY_IMAGE_ROOTS, and GANTRY_HOST_ROOT=never "
            "forbids this computer's own"
        )
    raise ImageNotFound(f"the image {container.image} cannot be run here: {'; '.join(missing)}")
