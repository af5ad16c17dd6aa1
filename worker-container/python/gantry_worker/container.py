"""`main.py` of the module mount of a docker worker: calls the callback in the user's image.

The image brings its own Python, 3.7 or later, and nothing of the platform; beside this file lie
`gantry_callback.py`, `job.json` and `service_module`. The callback runs in a process of its own, so that
its output is kept however it ends; this one ends with the same code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

_OUTPUT = "output.log"
_CALLBACK = "--callback"


def _call(folder: str) -> None:
    # Found by its name beside this file, which is in the user's image and not in this package.
    sys.path.insert(0, folder)
    callback = __import__("gantry_callback")
    callback.run_job(callback.Path(folder))


def _supervise(folder: str) -> int:
    command = [sys.executable, os.path.abspath(__file__), _CALLBACK]
    with open(os.path.join(folder, _OUTPUT), "ab", buffering=0) as kept:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # A container that is to stop passes it on, so that the callback may clean up.
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        assert child.stdout is not None
        while True:
            chunk = os.read(child.stdout.fileno(), 65536)
            if not chunk:
                break
            kept.write(chunk)
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        code = child.wait()
    # As a shell does: 128 and the signal's number.
    return code if code >= 0 else 128 - code


def main() -> None:
    """Calls the callback if told to, else starts the process that does."""
    folder = os.path.dirname(os.path.abspath(__file__))
    if _CALLBACK in sys.argv:
        _call(folder)
    else:
        sys.exit(_supervise(folder))


if __name__ == "__main__":
    main()
