"""NIfTI volumes as DICOM: read by pydicom, rebuilt by dcm2niix, compared voxel by voxel in space."""

from pathlib import Path
from typing import Any

import dcm_processor_service as sdk
import nibabel
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import CTImageStorage, MRImageStorage, SecondaryCaptureImageStorage
from volumes import OBLIQUE, RANDOM, affine_of, rebuilt, rotation, same_in_space, saved, values_of

ORIENTATIONS = {
    "axial": rotation(0, 0, 0),
    "axial, mirrored": np.diag([-1.0, -1.0, 1.0]),
    "axial, from above": np.diag([-1.0, 1.0, -1.0]),
    "sagittal": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=float),
    "sagittal, PIR": np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=float),
    "coronal": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=float),
    "axes swapped": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=float),
    "oblique": rotation(0.2, -0.3, 0.15),
}


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_every_voxel_is_where_it_was(name: str, modality: str, tmp_path: Path) -> None:
    affine = affine_of(ORIENTATIONS[name], (0.7, 1.3, 2.5))
    values = RANDOM.integers(-1000, 3000, (9, 7, 5)).astype(np.int16)
    image = nibabel.Nifti1Image(values, affine)

    datasets = saved(sdk.nifti_to_dicom(image, modality), tmp_path / "dicom")

    assert len(datasets) == 5
    same_in_space(image, datasets, 0)
    back = rebuilt(tmp_path / "dicom", tmp_path / "nifti")
    canonical = nibabel.as_closest_canonical(image)
    assert np.allclose(back.affine, canonical.affine, atol=1e-3)
    assert np.array_equal(np.asarray(back.dataobj), np.asarray(canonical.dataobj))


VALUES = {
    "unsigned": np.array([0, 40000, 65535]),
    "negative": np.array([-32768, -1, 32767]),
    "above an offset": np.array([-2000, 0, 60000]),
    "above a high offset": np.array([1_000_000, 1_000_001, 1_065_535]),
    "32 bits": np.array([-1, 70000, 2_000_000_000]),
    "beyond 32 signed bits": np.array([0, 70000, 4_000_000_000]),
    "far below": np.array([-(2**40), -(2**40) + 3, -(2**40) + 100_000]),
    "unsigned in 64 bits": np.array([2**40, 2**40 + 1, 2**40 + 2], dtype=np.uint64),
    "whole numbers as floats": np.array([-3.0, 0.0, 70000.0]),
    "yes and no": np.array([False, True, True]),
    "one value": np.array([7, 7, 7]),
    "bytes": np.array([0, 128, 255], dtype=np.uint8),
}


def image_of(some: Any) -> Any:
    kind = np.uint8 if some.dtype == bool else some.dtype
    values = RANDOM.choice(some, (8, 6, 4)).astype(kind)
    values.flat[: len(some)] = some
    return nibabel.Nifti1Image(values, OBLIQUE, dtype=kind)


@pytest.mark.parametrize("name", VALUES)
def test_whole_numbers_keep_their_values(name: str, tmp_path: Path) -> None:
    image = image_of(VALUES[name])

    datasets = saved(sdk.nifti_to_dicom(image, "CT"), tmp_path / "dicom")

    same_in_space(image, datasets, 0)
    back = rebuilt(tmp_path / "dicom", tmp_path / "nifti")
    canonical = nibabel.as_closest_canonical(image)
    expected = np.asarray(canonical.dataobj, dtype=np.float64)
    assert np.array_equal(back.get_fdata(), expected)


@pytest.mark.parametrize(
    ("lowest", "highest"), [(0, 1), (-0.5, 0.5), (-1e-6, 3e-6), (1000, 1000.5), (-7e8, -1e8)]
)
def test_real_numbers_are_rounded_to_one_of_65535_steps(
    lowest: float, highest: float, tmp_path: Path
) -> None:
    values = RANDOM.uniform(lowest, highest, (8, 6, 4))
    values[0, 0, 0], values[1, 0, 0] = lowest, highest
    image = nibabel.Nifti1Image(values, OBLIQUE)

    datasets = saved(sdk.nifti_to_dicom(image, "MR"), tmp_path / "dicom")

    step = max(highest - min(lowest, 0), highest - lowest) / 65534
    tolerance = 0.51 * min(step, 2.1 * (highest - lowest) / 65534)
    same_in_space(image, datasets, tolerance)
    back = rebuilt(tmp_path / "dicom", tmp_path / "nifti")
    canonical = nibabel.as_closest_canonical(image).get_fdata()
    # The intercept of NIfTI is a 32-bit float.
    slack = 1e-6 * max(abs(lowest), abs(highest))
    assert np.abs(back.get_fdata() - canonical).max() <= tolerance + slack


def test_the_background_of_real_numbers_stays_0(tmp_path: Path) -> None:
    values = RANDOM.uniform(-1, 1, (8, 6, 4))
    values[:4] = 0
    image = nibabel.Nifti1Image(values, np.eye(4))

    stored = np.stack([values_of(one) for one in sdk.nifti_to_dicom(image, "MR")])

    assert (np.abs(stored) < 1e-12).sum() >= 4 * 6 * 4


def test_scaled_whole_numbers_keep_their_slope(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(RANDOM.uniform(-3, 9, (8, 6, 4)), OBLIQUE)
    image.set_data_dtype(np.int16)
    path = tmp_path / "scaled.nii.gz"
    nibabel.save(image, path)
    loaded = nibabel.load(path)

    datasets = saved(sdk.nifti_to_dicom(loaded, "MR"), tmp_path / "dicom")

    same_in_space(loaded, datasets, 1e-7)
    assert datasets[0].RescaleSlope == pytest.approx(loaded.dataobj.slope, rel=1e-9)
    assert datasets[0].PixelRepresentation == 1


@pytest.mark.parametrize(
    ("values", "part"),
    [
        (np.full((2, 2, 2), np.nan), "NaN"),
        (np.full((2, 2, 2), np.inf), "infinity"),
        (np.zeros((2, 2, 2, 3)), "one volume"),
        (np.zeros((2, 2, 2), dtype=np.complex64), "no image"),
    ],
)
def test_what_dicom_cannot_say_is_refused(values: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        sdk.nifti_to_dicom(nibabel.Nifti1Image(values, np.eye(4)), "CT")


def test_axes_that_are_not_at_right_angles_are_refused() -> None:
    affine = np.eye(4)
    affine[0, 1] = 0.2
    with pytest.raises(ValueError, match="right angles"):
        sdk.nifti_to_dicom(nibabel.Nifti1Image(np.zeros((3, 3, 3), np.int16), affine), "CT")


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3, 1)])
def test_one_slice_and_one_volume_of_a_series_are_volumes(shape: tuple[int, ...]) -> None:
    values = RANDOM.integers(0, 9, shape).astype(np.int16)
    datasets = sdk.nifti_to_dicom(nibabel.Nifti1Image(values, np.eye(4)), "CT")

    assert len(datasets) == (shape[2] if len(shape) > 2 else 1)
    assert (datasets[0].Rows, datasets[0].Columns) == (4, 5)


def test_a_tilted_gantry_keeps_its_tilt(tmp_path: Path) -> None:
    affine = affine_of(np.eye(3), (1.0, 1.0, 3.0))
    affine[1, 2] = 0.8
    image = nibabel.Nifti1Image(RANDOM.integers(0, 99, (6, 5, 4)).astype(np.int16), affine)

    datasets = saved(sdk.nifti_to_dicom(image, "CT"), tmp_path / "dicom")

    same_in_space(image, datasets, 0)
    assert datasets[0].SliceThickness == 3


def test_without_a_reference_a_series_is_complete(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.zeros((4, 4, 2), np.int16), np.diag([0.5, 0.25, 3, 1]))

    first, second = saved(sdk.nifti_to_dicom(image, "MR", "A map", "1.2.3"), tmp_path / "dicom")

    assert first.SOPClassUID == first.file_meta.MediaStorageSOPClassUID == MRImageStorage
    assert first.SOPInstanceUID == first.file_meta.MediaStorageSOPInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert (first.StudyInstanceUID, first.SeriesDescription) == ("1.2.3", "A map")
    assert (first.SeriesNumber, first.Modality) == (2000, "MR")
    assert [first.InstanceNumber, second.InstanceNumber] == [1, 2]
    assert first.PixelSpacing == [0.25, 0.5]
    assert first.SliceThickness == first.SpacingBetweenSlices == 3
    assert first.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert first.ImageType == ["DERIVED", "SECONDARY", "AXIAL"]
    assert first.PatientOrientation == ["L", "P"]
    assert (first.PatientID, first.StudyDate, first.AccessionNumber) == ("", "", "")


def test_a_sop_class_can_be_told() -> None:
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    assert sdk.nifti_to_dicom(image, "OT")[0].SOPClassUID == CTImageStorage
    told = sdk.nifti_to_dicom(image, "OT", sop_class_uid=SecondaryCaptureImageStorage)
    assert told[0].SOPClassUID == SecondaryCaptureImageStorage


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm"])
def test_a_result_belongs_to_the_study_of_its_reference(name: str, tmp_path: Path) -> None:
    reference = dcmread(str(get_testdata_file(name)))
    image = nibabel.Nifti1Image(np.zeros((4, 4, 3), np.int16), OBLIQUE)

    datasets = saved(
        sdk.nifti_to_dicom(image, str(reference.Modality), "Map", ref_dcm=reference),
        tmp_path / "dicom",
    )

    for dataset in datasets:
        for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
            assert dataset[keyword].value == reference[keyword].value
        assert str(dataset.PatientName) == str(reference.PatientName)
        assert dataset.SeriesInstanceUID != reference.SeriesInstanceUID
        assert dataset.SeriesNumber == int(f"{reference.SeriesNumber}2000")
        assert dataset.SeriesDescription == "Map"
    same_in_space(image, datasets, 0)


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm"])
def test_a_slice_goes_to_nifti_and_back(name: str, tmp_path: Path) -> None:
    source = str(get_testdata_file(name))
    path = tmp_path / "in.nii.gz"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(Path(source).read_bytes())
    assert sdk.dicom_series_to_nifti(tmp_path / "in", path) == 1
    reference = dcmread(source)

    (dataset,) = sdk.nifti_to_dicom(nibabel.load(path), str(reference.Modality), ref_dcm=reference)

    slope = float(reference.get("RescaleSlope", 1))
    expected = reference.pixel_array * slope + float(reference.get("RescaleIntercept", 0))
    assert np.array_equal(values_of(dataset), expected)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        given = [float(one) for one in reference[keyword].value]
        assert [float(one) for one in dataset[keyword].value] == pytest.approx(given, abs=1e-4)
