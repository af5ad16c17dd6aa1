"""A PDF and a series as results of real images: files that pydicom reads again."""

import base64
from io import BytesIO
from pathlib import Path

import dcm_processor_service as sdk
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    EncapsulatedPDFStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"


@pytest.fixture(params=["CT_small.dcm", "MR_small.dcm"])
def reference(request: pytest.FixtureRequest) -> FileDataset:
    return dcmread(str(get_testdata_file(request.param)))


def read_again(dataset: Dataset) -> FileDataset:
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    file.seek(0)
    return dcmread(file)


def test_a_pdf_becomes_an_object_of_the_study(reference: FileDataset) -> None:
    made = read_again(sdk.make_pdf_dicom(reference, base64.b64encode(PDF).decode()))

    assert made.SOPClassUID == made.file_meta.MediaStorageSOPClassUID == EncapsulatedPDFStorage
    assert made.SOPInstanceUID == made.file_meta.MediaStorageSOPInstanceUID
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == PDF
    assert len(made.EncapsulatedDocument) % 2 == 0
    assert made.MIMETypeOfEncapsulatedDocument == "application/pdf"
    for keyword in ("PatientID", "StudyInstanceUID", "StudyDate", "StudyTime"):
        assert made[keyword].value == reference[keyword].value
    assert str(made.PatientName) == str(reference.PatientName)
    assert made.SeriesInstanceUID != reference.SeriesInstanceUID
    assert made.SeriesNumber == int(f"{reference.SeriesNumber}2000")
    assert made.SeriesDescription == made.DocumentTitle == "PDF Report"
    assert "PixelData" not in made
    assert "FrameOfReferenceUID" not in made


@pytest.mark.parametrize(
    ("number", "suffix", "expected"),
    [
        (3, None, 32000),
        (0, None, 2000),
        (None, None, 2000),
        (3, 7, 37),
        (1234567, None, 345672000),
        (-4, "2001", 42001),
    ],
)
def test_a_series_number_is_the_references_with_digits_after_it(
    reference: FileDataset, number: int | None, suffix: int | str | None, expected: int
) -> None:
    if number is None:
        del reference.SeriesNumber
    else:
        reference.SeriesNumber = number
    pdf = base64.b64encode(PDF)

    assert sdk.make_pdf_dicom(reference, pdf, "Report", suffix).SeriesNumber == expected


@pytest.mark.parametrize(
    ("age", "born", "studied", "expected"),
    [
        ("054Y", "19500101", "20200101", "054Y"),
        ("18M", "", "", "018M"),
        ("54", "", "", "054Y"),
        ("", "19500602", "20200601", "069Y"),
        ("", "20190615", "20200601", "011M"),
        ("", "", "20200601", None),
        ("", "20210101", "20200101", None),
        ("", "1950", "20200101", None),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")
def test_an_age_is_given_or_told_by_the_dates(
    reference: FileDataset, age: str, born: str, studied: str, expected: str | None
) -> None:
    reference.PatientAge, reference.PatientBirthDate, reference.StudyDate = age, born, studied

    assert sdk.make_pdf_dicom(reference, base64.b64encode(PDF)).get("PatientAge") == expected
    (image,) = sdk.make_series_dicom(reference, [a_capture()])
    assert image.get("PatientAge") == expected


def test_text_of_every_character_set_survives(reference: FileDataset) -> None:
    reference.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    reference.PatientName = "Yamada^Tarou=山田^太郎"
    code = Dataset()
    code.CodeMeaning = "画像"
    reference.ProcedureCodeSequence = Sequence([code])
    japanese = read_again(reference)

    made = read_again(sdk.make_pdf_dicom(japanese, base64.b64encode(PDF), "Röntgen"))

    assert made.SpecificCharacterSet == "ISO_IR 192"
    assert str(made.PatientName) == "Yamada^Tarou=山田^太郎"
    assert made.ProcedureCodeSequence[0].CodeMeaning == "画像"
    assert made.SeriesDescription == "Röntgen"


def test_text_of_latin_1_stays_in_it(reference: FileDataset) -> None:
    reference.SpecificCharacterSet = "ISO_IR 192"
    reference.PatientName = "Müller^Jürgen"

    made = read_again(sdk.make_pdf_dicom(read_again(reference), base64.b64encode(PDF)))

    assert made.SpecificCharacterSet == "ISO_IR 100"
    assert str(made.PatientName) == "Müller^Jürgen"


def a_capture(number: int = 5) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality, dataset.SeriesNumber, dataset.ConversionType = "OT", number, "WSD"
    dataset.Rows = dataset.Columns = 4
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = np.arange(16, dtype=np.uint8).tobytes()
    return dataset


def test_images_become_one_series_of_the_study(reference: FileDataset, tmp_path: Path) -> None:
    given = [a_capture(), a_capture()]
    given[0].PixelAspectRatio, given[0].WindowCenter = [1, 1], 1 / 3

    made = sdk.make_series_dicom(reference, given, "Overlays")

    assert all(one is other for one, other in zip(made, given, strict=True))
    first, second = (read_again(dataset) for dataset in made)
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SOPInstanceUID == first.file_meta.MediaStorageSOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != reference.SeriesInstanceUID
    assert first.StudyInstanceUID == reference.StudyInstanceUID
    assert first.SeriesNumber == int(f"{reference.SeriesNumber}5")
    assert first.SeriesDescription == "Overlays"
    assert first.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert len(str(first.WindowCenter)) <= 16
    assert first.WindowCenter == pytest.approx(1 / 3)
    assert np.array_equal(first.pixel_array, np.arange(16).reshape(4, 4))
    assert first.Laterality == ""
    assert "FrameOfReferenceUID" not in first


def test_images_in_space_say_how_they_lie(reference: FileDataset) -> None:
    image = read_again(reference)
    image.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    reference.FrameOfReferenceUID = "1.2.3"

    (made,) = sdk.make_series_dicom(reference, [image])

    assert made.ImageType == ["DERIVED", "SECONDARY", "SAGITTAL"]
    assert made.PatientOrientation == ["P", "F"]
    assert made.FrameOfReferenceUID == "1.2.3"
    assert np.array_equal(made.pixel_array, reference.pixel_array)


def test_a_structure_set_stays_one(reference: FileDataset) -> None:
    contours = Dataset()
    contours.SOPClassUID = RTStructureSetStorage
    contours.StructureSetLabel = "ORGANS"

    (made,) = sdk.make_series_dicom(reference, [contours], "Contours")

    assert "ImageType" not in made
    assert made.StudyInstanceUID == reference.StudyInstanceUID
    assert made.SeriesNumber == int(f"{reference.SeriesNumber}00")
    assert read_again(made).StructureSetLabel == "ORGANS"


def test_the_reference_is_left_as_it_is(reference: FileDataset) -> None:
    before = read_again(reference)

    sdk.make_pdf_dicom(reference, base64.b64encode(PDF))
    sdk.make_series_dicom(reference, [a_capture()])

    assert reference == before
