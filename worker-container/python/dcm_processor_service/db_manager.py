"""The module of dcm-processor's library where these functions live, for packages that import it."""

from typing import NoReturn

from .peers import get_dicom_sender, get_peer
from .session_data import (
    get_session_data,
    has_session_data,
    remove_session_data,
    set_session_data,
)
from .session_files import (
    download_session_file,
    get_session_file,
    has_session_file,
    remove_session_file,
    upload_session_file,
)

__all__ = [
    "download_session_file",
    "get_dicom_sender",
    "get_mgr",
    "get_peer",
    "get_session_data",
    "get_session_file",
    "has_session_data",
    "has_session_file",
    "remove_session_data",
    "remove_session_file",
    "set_session_data",
    "upload_session_file",
]


def get_mgr() -> NoReturn:
    """Raises: service code has no database here, so that it cannot read other sessions' data."""
    raise NotImplementedError(
        "there is no database behind this SDK; use the functions of dcm_processor_service"
    )
