"""Tells the platform what was sent where, so that the story of the session has it."""

import json
import os

from .endpoint import request
from .errors import EndpointError

__all__ = ["report_transfer"]


def report_transfer(
    ae_title: str, host: str, port: int, *, established: bool, stored: int, failed: int
) -> None:
    """One association with the receiver. Outside a job it does nothing.

    What was sent was sent: a record that cannot be made is told in the job's log, and is no error.
    """
    if not os.environ.get("GANTRY_JOB_SOCKET"):
        return
    transfer = {
        "aeTitle": ae_title,
        "host": host,
        "port": port,
        "established": established,
        "stored": stored,
        "failed": failed,
    }
    try:
        with request("POST", "/transfers", body=json.dumps(transfer).encode()):
            pass
    except (EndpointError, OSError) as error:
        print(f"The story of the session will not tell of this transfer: {error}", flush=True)
