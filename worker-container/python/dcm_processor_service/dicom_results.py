"""Makes result objects for a study: a PDF report, a series of images."""

import base64
from typing import TYPE_CHECKING

from .result_attributes import (
    CT_IMAGE,
    ENCAPSULATED_PDF,
    SECONDARY_CAPTURE,
    choose_character_set,
    copy_attributes,
    derived_series_number,
    fill_type_2,
    patient_age,
    set_date_and_time,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset, FileDataset

__all__ = ["make_pdf_dicom", "make_series_dicom"]

_DEFAULT_TITLE = "PDF Report"
# In the order in which they are filled up; a plane counts as one when its normal is within 26 degrees.
_PLANES = ("SAGITTAL", "CORONAL", "AXIAL")
_PLANE_COSINE = 0.9


def new_dataset(sop_class: str) -> "FileDataset":
    """A dataset with the meta information of an uncompressed file and a SOP instance UID of its own."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    result = FileDataset(
        "", {}, file_meta=meta, preamble=b"\0" * 128, is_implicit_VR=False, is_little_endian=True
    )
    result.SOPClassUID = meta.MediaStorageSOPClassUID
    result.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    return result


def make_pdf_dicom(
    ref_dicom: "Dataset",
    pdf_data: str | bytes,
    series_description: str | None = None,
    series_number: int | str | None = None,
) -> "FileDataset":
    """A PDF as an Encapsulated PDF object in a new series of the study of `ref_dicom`.

    `pdf_data` is base64. The series number is that of the reference followed by `series_number`, or
    by 2000. The description, "PDF Report" if none is given, is the document's title too.
    """
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    document = base64.b64decode(pdf_data)
    result = new_dataset(ENCAPSULATED_PDF)
    copy_attributes(ref_dicom, result)
    fill_type_2(result)
    set_date_and_time(result, "Content", "Series")
    result.AcquisitionDateTime = f"{result.ContentDate}{result.ContentTime}"
    result.SeriesInstanceUID = generate_uid()
    result.SeriesNumber = derived_series_number(ref_dicom, series_number or "2000")
    result.InstanceNumber = 1
    result.Modality = "OT"
    result.ConversionType = "WSD"
    result.BurnedInAnnotation = "NO"
    title = series_description or _DEFAULT_TITLE
    result.SeriesDescription = result.DocumentTitle = title
    concept = Dataset()
    concept.CodeValue = "18748-4"
    concept.CodingSchemeDesignator = "LN"
    concept.CodeMeaning = "Diagnostic imaging report"
    result.ConceptNameCodeSequence = [concept]
    result.MIMETypeOfEncapsulatedDocument = "application/pdf"
    # A value has an even length (PS3.5 section 7.1.1); the other attribute tells the document's own.
    result.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    result.EncapsulatedDocumentLength = len(document)
    age = patient_age(ref_dicom)
    if age is not None:
        result.PatientAge = age
    if not result.get("Laterality"):
        result.pop("Laterality", None)
    choose_character_set(result)
    return result


def _cosines(dataset: "Dataset") -> list[float] | None:
    values = dataset.get("ImageOrientationPatient")
    if not values or len(values) != 6:
        return None
    return [float(value) for value in values]


def plane_of(dataset: "Dataset") -> str | None:
    """AXIAL, CORONAL, SAGITTAL or OBLIQUE; None without an orientation."""
    cosines = _cosines(dataset)
    if cosines is None:
        return None
    (a, b, c), (d, e, f) = cosines[:3], cosines[3:]
    normal = [abs(b * f - c * e), abs(c * d - a * f), abs(a * e - b * d)]
    largest = max(normal)
    return _PLANES[normal.index(largest)] if largest >= _PLANE_COSINE else "OBLIQUE"


def patient_orientation(dataset: "Dataset") -> list[str] | None:
    """Towards what the rows and the columns of the image run (PS3.3 section C.7.6.1.1.1)."""
    cosines = _cosines(dataset)
    if cosines is None:
        return None
    labels = []
    for direction in (cosines[:3], cosines[3:]):
        axis = max(range(3), key=lambda index: abs(direction[index]))
        labels.append(("RL", "AP", "FH")[axis][direction[axis] > 0])
    return labels


def _shorten(dataset: "Dataset", element: "DataElement") -> None:
    """A decimal string has 16 characters (PS3.5 section 6.2); one of more digits is rounded."""
    from pydicom.multival import MultiValue
    from pydicom.valuerep import DSfloat

    if element.VR != "DS" or element.value is None or element.value == "":
        return
    several = isinstance(element.value, MultiValue)
    values = element.value if several else [element.value]
    short = [
        value if len(str(value)) <= 16 else DSfloat(float(value), auto_format=True)
        for value in values
    ]
    dataset[element.tag].value = short if several else short[0]


def _image_type(dataset: "Dataset", ref_dicom: "Dataset") -> list[str]:
    plane = plane_of(dataset) or plane_of(ref_dicom)
    if plane is None:
        reference = list(ref_dicom.get("ImageType") or [])
        plane = str(reference[2]) if len(reference) > 2 else "AXIAL"
    return ["DERIVED", "SECONDARY", plane]


def make_series_dicom(
    ref_dicom: "Dataset", datasets: "Sequence[Dataset]", series_description: str = ""
) -> "list[Dataset]":
    """Makes `datasets`, which it changes and returns, a new series of the study of `ref_dicom`.

    Patient, study, equipment and frame of reference come from the reference; series and instances
    get new UIDs. A series number is that of the reference followed by the dataset's own.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    series_uid, frame_of_reference = generate_uid(), generate_uid()
    age = patient_age(ref_dicom)
    for dataset in datasets:
        dataset.decode()
        copy_attributes(ref_dicom, dataset)
        fill_type_2(dataset)
        is_secondary_capture = dataset.SOPClassUID == SECONDARY_CAPTURE
        if not is_secondary_capture and not dataset.get("FrameOfReferenceUID"):
            dataset.FrameOfReferenceUID = frame_of_reference
        dataset.SeriesInstanceUID = series_uid
        dataset.SOPInstanceUID = generate_uid()
        if getattr(dataset, "file_meta", None) is None:
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        # Objects with functional groups, and those without pixels, have an image type of their own or none.
        if "PixelData" in dataset and "PerFrameFunctionalGroupsSequence" not in dataset:
            dataset.ImageType = _image_type(dataset, ref_dicom)
        dataset.SeriesNumber = derived_series_number(ref_dicom, dataset.get("SeriesNumber") or "00")
        set_date_and_time(dataset, "Series")
        dataset.SeriesDescription = series_description
        if age is not None:
            dataset.PatientAge = age
        if not dataset.get("Laterality"):
            dataset.pop("Laterality", None)
            if is_secondary_capture or dataset.SOPClassUID == CT_IMAGE:
                dataset.Laterality = ""
        orientation = patient_orientation(dataset)
        if orientation is not None:
            dataset.PatientOrientation = orientation
        elif is_secondary_capture and "PatientOrientation" not in dataset:
            dataset.PatientOrientation = ""
        dataset.walk(_shorten)
        choose_character_set(dataset)
    return list(datasets)
