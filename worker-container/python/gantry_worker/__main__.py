"""`python -m gantry_worker <attempt directory>`: calls one worker callback.

Reads `job.json` of that directory, imports `service_module` from it, calls the entry, writes
`result.json`: `{"result": …}` or `{"error": {"type", "message", "traceback"}}`. Without that file
the process died on its way, and the runner says so.
"""

import sys
from pathlib import Path

from .callback import run_job
from .process import prepare


def main() -> None:
    """Runs the job of the directory that the first argument names."""
    prepare()
    attempt = Path(sys.argv[1])
    # In place of the working directory, which `python -m` puts there.
    sys.path[0] = str(attempt)
    run_job(attempt)


if __name__ == "__main__":
    main()
