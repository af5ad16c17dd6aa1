"""`python -m gantry_worker.warm <module directory>`: calls one callback after the other.

Each line of stdin is a job: `{"attempt", "workingDirectory", "environment", "word"}`. The attempt directory is
as `__main__` has it; `service_module` is imported once, from the module directory. The word is written
to the output when the job has ended. The end of stdin is the end of the process.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from .callback import flush_output, run_job
from .process import prepare


def main() -> None:
    """Works until nothing more comes."""
    prepare()
    # Of its own, for service code may close or replace the standard ones.
    output = os.dup(1)
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.path[0] = sys.argv[1]
    for line in jobs:
        job = json.loads(line)
        os.environ.clear()
        os.environ.update(job["environment"])
        # What the job before made of them is not this one's: its folder is gone.
        tempfile.tempdir = None
        os.chdir(job["workingDirectory"])
        run_job(Path(job["attempt"]))
        os.chdir("/")
        flush_output()
        os.write(output, job["word"].encode("ascii"))


if __name__ == "__main__":
    main()
