"""The module of dcm-processor's library where sender and result objects live, for packages that import it."""

from .dicom_results import make_pdf_dicom, make_series_dicom
from .dicom_sender import DicomSender
from .nifti_results import nifti_to_dicom

__all__ = ["DicomSender", "make_pdf_dicom", "make_series_dicom", "nifti_to_dicom"]
