"""A job endpoint for the SDK, and images to serve."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from job_endpoint import TOKEN, JobEndpoint
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobEndpoint]:
    # Not below tmp_path: the address of a Unix socket has 108 bytes.
    with tempfile.TemporaryDirectory() as folder:
        server = JobEndpoint(Path(folder) / "job.sock")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("GANTRY_JOB_SOCKET", str(server.path))
        monkeypatch.setenv("GANTRY_JOB_TOKEN", TOKEN)
        yield server
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ct_series(tmp_path: Path) -> list[Path]:
    """Six slices of 16 by 12 pixels, 2.5 mm apart, each with its number as its value."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    files = []
    for index in range(6):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.FrameOfReferenceUID = frame
        dataset.Modality = "CT"
        dataset.PatientName, dataset.PatientID = "Roe^Richard", "P1"
        dataset.SeriesNumber, dataset.InstanceNumber = 3, index + 1
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [0, 0, 2.5 * index]
        dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.5], 2.5
        dataset.Rows, dataset.Columns = 12, 16
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 1
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1000
        dataset.PixelData = np.full((12, 16), index, dtype=np.int16).tobytes()
        path = tmp_path / f"slice-{index}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        files.append(path)
    return files
