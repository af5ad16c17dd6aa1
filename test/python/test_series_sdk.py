"""The images of a series through the SDK: datasets, files, NIfTI."""

import json
from pathlib import Path

import dcm_processor_service as sdk
import numpy as np
import pytest
from job_endpoint import JobEndpoint
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


@pytest.fixture
def served(endpoint: JobEndpoint, ct_series: list[Path]) -> list[Path]:
    # Arrival order is not slice order.
    arrived = [*ct_series[3:], *ct_series[:3]]
    endpoint.series["ab12"] = [
        {"id": f"id-{index}", "path": str(path)} for index, path in enumerate(arrived)
    ]
    return arrived


def test_datasets_come_in_the_order_of_arrival(served: list[Path]) -> None:
    datasets = sdk.get_series_dicom("ab12")
    assert datasets is not None
    assert [dataset.InstanceNumber for dataset in datasets] == [4, 5, 6, 1, 2, 3]


def test_files_are_copies_named_by_their_ids(served: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    names = sdk.get_series_dicom("ab12", folder)
    assert names == [str(folder / f"id-{index}.dcm") for index in range(6)]
    Path(names[0]).write_bytes(b"changed")
    assert served[0].read_bytes() != b"changed"


def test_an_unknown_series_is_none(endpoint: JobEndpoint) -> None:
    assert sdk.get_series_dicom("nothing") is None
    with pytest.raises(ValueError, match="No DICOM instances"):
        sdk.get_series_nifti("nothing")


def test_a_series_becomes_one_volume(served: list[Path]) -> None:
    image, header, voxels = sdk.get_series_nifti("ab12")
    assert voxels.shape == (16, 12, 6)
    assert voxels.dtype == np.float32
    assert header["Slices"] == 6
    assert header["PatientName"] == "Roe^Richard"
    assert [float(zoom) for zoom in image.header.get_zooms()] == [0.5, 0.5, 2.5]
    assert sorted({float(value) for value in voxels[0, 0]}) == [-1000 + index for index in range(6)]
    # The file is gone, the image is not.
    assert np.asanyarray(image.dataobj).shape == (16, 12, 6)


def test_a_volume_can_be_a_file_with_its_header_beside_it(
    served: list[Path], tmp_path: Path
) -> None:
    target = str(tmp_path / "volume.nii.gz")
    name, header_name, nothing = sdk.get_series_nifti("ab12", target)
    assert (name, nothing) == (target, None)
    assert Path(target).exists()
    assert json.loads(Path(header_name).read_text())["Slices"] == 6


def test_a_header_is_plain_values_by_keyword(ct_series: list[Path]) -> None:
    dataset = dcmread(ct_series[0])
    dataset.PatientAge = "018M"
    dataset.ReferringPhysicianName = "Doe^Jane"
    dataset.OperatorsName = ["A^B", "C^D"]
    dataset.AccessionNumber = ""
    other = Dataset()
    other.PatientID = "another patient"
    dataset.OtherPatientIDsSequence = Sequence([other])
    dataset.add_new(0x00091001, "LO", "private")

    header = sdk.get_simplified_json(dataset, n_slices=6)

    assert header["PatientAge"] == 18
    assert header["ReferringPhysicianName"] == "Doe^Jane"
    assert header["OperatorsName"] == ["A^B", "C^D"]
    assert header["PatientID"] == "P1"
    assert header["OtherPatientIDsSequence"] == [{"PatientID": "another patient"}]
    assert header["PixelSpacing"] == [0.5, 0.5]
    assert header["SeriesNumber"] == 3
    assert header["Slices"] == 6
    assert "AccessionNumber" not in header
    assert "PixelData" not in header
    assert json.loads(json.dumps(header)) == header
    assert "PixelData" in dataset
