"""`python -m gantry_worker <attempt directory>`: calls one worker callback.

Reads `job.json` of that directory, imports `service_module` from it, calls the entry, writes
`result.json`: `{"result": …}` or `{"error": {"type", "message", "traceback"}}`. Without that file
the process died on its way, and the runner says so.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from .callback import run_job


def _end_with_the_runner() -> None:
    """A callback must not outlive its runner: nobody would read its result or end it in time."""
    if sys.platform != "linux":
        return
    parent = os.environ.pop("GANTRY_RUNNER_PID", "")
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if parent and os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Runs the job of the directory that the first argument names."""
    _end_with_the_runner()
    # One pipe for both: the log then has the lines in the order in which they were written.
    os.dup2(1, 2)
    for stream in (sys.stdout, sys.stderr):
        # Not of this type when something replaced it before; then it stays as it is.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, errors="backslashreplace")
    run_job(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
