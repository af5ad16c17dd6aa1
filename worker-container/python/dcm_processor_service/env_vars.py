"""The variables that describe the running job; their names have hyphens, as dcm-processor's."""

import os

_PREFIX = "DCM-PROCESSOR-SERVICE-"


def get_db_info() -> tuple[str | None, str | None, str | None]:
    """Provider, URL and name of the database. Gantry has none for services: placeholders."""
    return (
        os.getenv(f"{_PREFIX}DB-PROVIDER"),
        os.getenv(f"{_PREFIX}DB-URL"),
        os.getenv(f"{_PREFIX}DB-NAME"),
    )


def get_session_id() -> str | None:
    """The session that the job belongs to."""
    return os.getenv(f"{_PREFIX}SESSION-ID")


def get_job_id() -> str | None:
    """The job's own id."""
    return os.getenv(f"{_PREFIX}JOB-ID")


def get_job_event() -> str | None:
    """One of `stable-series`, `stable-study`, `stable-patient`."""
    return os.getenv(f"{_PREFIX}JOB-EVENT")


def get_job_name() -> str | None:
    """The `jobName` of the job's definition."""
    return os.getenv(f"{_PREFIX}JOB-NAME")


def get_job_service_name() -> str | None:
    """The name of the service that the job belongs to."""
    return os.getenv(f"{_PREFIX}JOB-SERVICE-NAME")


def get_peer_id() -> str | None:
    """The id of the peer that sent the images."""
    return os.getenv(f"{_PREFIX}PEER-ID")
