"""What service code may ask of the platform; names and signatures are those of dcm-processor.

Importing this is cheap: pydicom, numpy, nibabel and pynetdicom are imported by the functions that need them.
"""

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
