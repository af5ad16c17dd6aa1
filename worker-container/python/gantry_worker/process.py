"""The process in which service code runs: its tie to the runner, its limits, its output."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
#: Processes and threads of one attempt: far more than any computation starts, far fewer than a computer has.
_MAX_PROCESSES = 4096
#: Bytes of one file: a callback that never stops writing fails before the disk of a task is full.
_MAX_FILE_BYTES = 16 * 1024**3
#: Of -1000 to 1000: when memory runs out, the callback goes and not its runner.
_OUT_OF_MEMORY_SCORE = "500"
#: The number of bubblewrap's own process, which is the parent that this one sees.
_FIRST_OF_SANDBOX = 1


def _lower(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (limit, limit))


def _limit_what_it_may_do(runner: int) -> None:
    """Limits that hold for this process and whatever it starts, before any code of a service runs."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold images of patients
    _lower(resource.RLIMIT_FSIZE, _MAX_FILE_BYTES)
    # No program with the set-user-id bit gives it more rights than it has.
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OUT_OF_MEMORY_SCORE)
    try:
        is_own_user = Path(f"/proc/{runner}").stat().st_uid != os.getuid()
    except OSError:
        return
    if is_own_user or runner == _FIRST_OF_SANDBOX:
        # What it leaves in shared folders is its own. The limit counts all processes of a user, so it can
        # only be set for one who is this attempt alone: in a sandbox the kernel counts those of the sandbox.
        os.umask(0o077)
        _lower(resource.RLIMIT_NPROC, _MAX_PROCESSES)


def _end_with_the_runner(runner: int) -> None:
    """A callback must not outlive its runner: nobody would read its result or end it in time."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != runner:
        os.kill(os.getpid(), signal.SIGKILL)


def prepare() -> None:
    """Ties this process to its runner, limits it, and joins its output; before any code of a service."""
    runner = int(os.environ.pop("GANTRY_RUNNER_PID", os.getppid()))
    if sys.platform == "linux":
        _end_with_the_runner(runner)
        _limit_what_it_may_do(runner)
    # One pipe for both: the log then has the lines in the order in which they were written.
    os.dup2(1, 2)
    for stream in (sys.stdout, sys.stderr):
        # Not of this type when something replaced it before; then it stays as it is.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, errors="backslashreplace")
