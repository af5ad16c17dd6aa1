"""What service code may ask of the platform; names and signatures are those of dcm-processor.

Importing this is cheap: each name brings its module with it when it is first asked for, and pydicom, numpy,
nibabel and pynetdicom are imported by the functions that need them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .converters import get_series_dicom, get_series_nifti
    from .dicom_conversion import dicom_series_to_nifti, get_simplified_json
    from .dicom_results import make_pdf_dicom, make_series_dicom
    from .dicom_sender import DicomSender
    from .errors import EndpointError, UnsupportedValueError
    from .nifti_results import nifti_to_dicom
    from .peers import get_dicom_sender, get_peer
    from .platform_services import run_post_services, run_pre_services
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
    "DicomSender",
    "EndpointError",
    "UnsupportedValueError",
    "dicom_series_to_nifti",
    "download_session_file",
    "get_dicom_sender",
    "get_peer",
    "get_series_dicom",
    "get_series_nifti",
    "get_session_data",
    "get_session_file",
    "get_simplified_json",
    "has_session_data",
    "has_session_file",
    "make_pdf_dicom",
    "make_series_dicom",
    "nifti_to_dicom",
    "remove_session_data",
    "remove_session_file",
    "run_post_services",
    "run_pre_services",
    "set_session_data",
    "upload_session_file",
]

_MODULE_OF = {
    "get_series_dicom": "converters",
    "get_series_nifti": "converters",
    "dicom_series_to_nifti": "dicom_conversion",
    "get_simplified_json": "dicom_conversion",
    "make_pdf_dicom": "dicom_results",
    "make_series_dicom": "dicom_results",
    "DicomSender": "dicom_sender",
    "EndpointError": "errors",
    "UnsupportedValueError": "errors",
    "nifti_to_dicom": "nifti_results",
    "get_dicom_sender": "peers",
    "get_peer": "peers",
    "run_post_services": "platform_services",
    "run_pre_services": "platform_services",
    "get_session_data": "session_data",
    "has_session_data": "session_data",
    "remove_session_data": "session_data",
    "set_session_data": "session_data",
    "download_session_file": "session_files",
    "get_session_file": "session_files",
    "has_session_file": "session_files",
    "remove_session_file": "session_files",
    "upload_session_file": "session_files",
}


def __getattr__(name: str) -> Any:
    """Imports what a name stands for (PEP 562)."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The names that can be asked for."""
    return sorted(__all__)
