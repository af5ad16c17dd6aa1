"""What jobs of dcm-processor 1 leave in `DATA` for later jobs of the same patient.

There it was one folder for all; here each job has its own, and what it added or changed travels as a session
file, until the session ends.
"""

import tarfile
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["keep", "listing", "restore"]

#: Of the session file.
NAME = "dcm-processor-1-data"

Listing = dict[str, tuple[int, int]]


def listing(data: Path) -> Listing:
    """Size and time of change of each file, by its path."""
    return {
        str(path.relative_to(data)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in data.rglob("*")
        if path.is_file()
    }


def restore(data: Path, jobs: list[str], patient: str) -> None:
    """Puts there what these jobs left, in the order in which they left it."""
    from dcm_processor_service import download_session_file, get_session_file

    found: list[tuple[Any, str]] = []
    for job in jobs:
        file = get_session_file(NAME, job_name=job, object_id=patient)
        if file is not None:
            found.append((file["uploadDate"], job))
    for _, job in sorted(found):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "data.tar"
            download_session_file(NAME, archive, job_name=job, object_id=patient)
            with tarfile.open(archive) as tar:
                tar.extractall(data, filter="data")


def keep(data: Path, before: Listing) -> None:
    """Hands on what is new or was changed since the listing."""
    from dcm_processor_service import upload_session_file

    changed = [path for path, facts in listing(data).items() if before.get(path) != facts]
    if not changed:
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "data.tar"
        with tarfile.open(archive, "w") as tar:
            for path in sorted(changed):
                tar.add(data / path, arcname=path, recursive=False)
        upload_session_file(archive, NAME)
