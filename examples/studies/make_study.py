"""Writes a DICOM study to try things out with, and prints what is to be expected of it.

    python make_study.py OUT_DIR [--patient-id X] [--slices 12] [--seed 1]
                         [--volume-only | --colour --structured-report]

UIDs are fresh each time; the pixels depend on the seed alone. The study has a generated CT volume
(noisy water with a ball of known Hounsfield units), and the CT, MR and multi-frame RT dose files
that pydicom brings along, as series of the same study and patient. The numbers printed are computed
from the arrays that are written, not read back from the files. One JSON document goes to stdout.
"""

import argparse
import copy
import datetime
import json
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

THRESHOLD = 300.0
DIGITS = 6

# The generated volume: water of 0 +- 10 HU, and in its middle a ball of 700 HU.
ROWS = COLUMNS = 64
PIXEL_SPACING_MM = 2.0
SLICE_SPACING_MM = 4.0
NOISE_HU = 10.0
BALL_HU = 700
BALL_RADIUS_MM = 18.0
INTERCEPT = -1024

Values = NDArray[np.float64]


class Study:
    """The identity that all series share, and the files written so far."""

    def __init__(self, folder: Path, patient_id: str) -> None:
        self.folder = folder
        self.patient_id = patient_id
        self.study_instance_uid = generate_uid(prefix=None)
        self.accession_number = secrets.token_hex(4).upper()
        self.time = datetime.datetime.now()
        self.files: list[str] = []
        self.series: list[dict[str, Any]] = []

    def identify(self, dataset: Dataset) -> None:
        """Makes a data set one of this study and patient."""
        dataset.PatientName = "Example^Gantry"
        dataset.PatientID = self.patient_id
        dataset.PatientBirthDate = "19700101"
        dataset.PatientSex = "O"
        dataset.StudyInstanceUID = self.study_instance_uid
        dataset.StudyID = "1"
        dataset.StudyDate = self.time.strftime("%Y%m%d")
        dataset.StudyTime = self.time.strftime("%H%M%S")
        dataset.StudyDescription = "Example study"
        dataset.AccessionNumber = self.accession_number
        # An issuer or other ids of the file's own patient would make this another one.
        for keyword in ("IssuerOfPatientID", "OtherPatientIDs", "OtherPatientIDsSequence"):
            if keyword in dataset:
                delattr(dataset, keyword)

    def write(self, dataset: Dataset, name: str) -> None:
        """Writes one instance as a Part 10 file."""
        path = self.folder / name
        dataset.save_as(path, enforce_file_format=True)
        self.files.append(str(path))


def expectation(values: Values, voxel_ml: float | None, instances: int) -> dict[str, Any]:
    """What the example service is to compute from these values."""
    above = int((values > THRESHOLD).sum())
    return {
        "instances": instances,
        "frames": int(values.shape[0]),
        "voxels": int(values.size),
        "min": round(float(values.min()), DIGITS),
        "max": round(float(values.max()), DIGITS),
        "mean": round(float(values.mean()), DIGITS),
        "std": round(float(values.std()), DIGITS),
        "threshold": THRESHOLD,
        "voxelsAboveThreshold": above,
        "volumeMl": None if voxel_ml is None else round(above * voxel_ml, DIGITS),
    }


def ball_in_water(slices: int, seed: int) -> NDArray[np.int16]:
    """Hounsfield units as (slice, row, column)."""
    generator = np.random.default_rng(seed)
    volume = np.rint(generator.normal(0.0, NOISE_HU, (slices, ROWS, COLUMNS)))
    z, y, x = np.ogrid[:slices, :ROWS, :COLUMNS]
    distance_mm = np.sqrt(
        ((z - (slices - 1) / 2) * SLICE_SPACING_MM) ** 2
        + ((y - (ROWS - 1) / 2) * PIXEL_SPACING_MM) ** 2
        + ((x - (COLUMNS - 1) / 2) * PIXEL_SPACING_MM) ** 2
    )
    volume[distance_mm <= BALL_RADIUS_MM] = BALL_HU
    return volume.astype(np.int16)


def add_volume(study: Study, slices: int, seed: int) -> None:
    """The generated CT series: an instance per slice."""
    volume = ball_in_water(slices, seed)
    series_instance_uid = generate_uid(prefix=None)
    frame_of_reference_uid = generate_uid(prefix=None)
    for index in range(slices):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
        dataset = Dataset()
        dataset.file_meta = meta
        study.identify(dataset)
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        dataset.Modality = "CT"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.SeriesInstanceUID = series_instance_uid
        dataset.SeriesNumber = 1
        dataset.SeriesDescription = "Ball in water"
        dataset.SeriesDate = dataset.StudyDate
        dataset.SeriesTime = dataset.StudyTime
        dataset.BodyPartExamined = "PHANTOM"
        dataset.PatientPosition = "HFS"
        dataset.FrameOfReferenceUID = frame_of_reference_uid
        dataset.InstanceNumber = index + 1
        dataset.PixelSpacing = [PIXEL_SPACING_MM, PIXEL_SPACING_MM]
        dataset.SliceThickness = SLICE_SPACING_MM
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [
            -PIXEL_SPACING_MM * (COLUMNS - 1) / 2,
            -PIXEL_SPACING_MM * (ROWS - 1) / 2,
            SLICE_SPACING_MM * index,
        ]
        dataset.SliceLocation = SLICE_SPACING_MM * index
        dataset.KVP = 120
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.Rows = ROWS
        dataset.Columns = COLUMNS
        dataset.BitsAllocated = 16
        dataset.BitsStored = 12
        dataset.HighBit = 11
        dataset.PixelRepresentation = 0
        dataset.RescaleIntercept = INTERCEPT
        dataset.RescaleSlope = 1
        dataset.RescaleType = "HU"
        dataset.PixelData = (volume[index] - INTERCEPT).astype("<u2").tobytes()
        study.write(dataset, f"volume-{index + 1:04d}.dcm")
    voxel_ml = PIXEL_SPACING_MM * PIXEL_SPACING_MM * SLICE_SPACING_MM / 1000
    study.series.append(
        {
            "seriesInstanceUid": series_instance_uid,
            "description": "Ball in water",
            "modality": "CT",
            "instances": slices,
            "expected": expectation(volume.astype(np.float64), voxel_ml, slices),
        }
    )


def add_file(
    study: Study, source: str, number: int, description: str, modality: str | None = None
) -> Dataset:
    """One of pydicom's files as a series of this study; its pixels stay as they are."""
    path = get_testdata_file(source, download=False)
    if path is None:
        raise FileNotFoundError(f"pydicom does not bring {source} along")
    dataset = copy.deepcopy(dcmread(str(path)))
    study.identify(dataset)
    dataset.SeriesInstanceUID = generate_uid(prefix=None)
    dataset.SeriesNumber = number
    dataset.SeriesDescription = description
    dataset.SOPInstanceUID = generate_uid(prefix=None)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    if modality is not None:
        dataset.Modality = modality
    study.write(dataset, f"{Path(source).stem.lower().replace('_', '-')}.dcm")
    study.series.append(
        {
            "seriesInstanceUid": dataset.SeriesInstanceUID,
            "description": description,
            "modality": dataset.Modality,
            "instances": 1,
            "expected": None,
        }
    )
    return dataset


def single_slice_ml(dataset: Dataset) -> float | None:
    """Voxel of a lone slice: its pixel times the distance to the next, or the thickness."""
    depth = dataset.get("SpacingBetweenSlices") or dataset.get("SliceThickness")
    spacing = dataset.get("PixelSpacing")
    return (
        float(spacing[0]) * float(spacing[1]) * float(depth) / 1000 if spacing and depth else None
    )


def add_bundled_files(study: Study) -> None:
    """CT, MR and multi-frame RT dose."""
    ct = add_file(study, "CT_small.dcm", 2, "CT slice")
    values = ct.pixel_array.astype(np.float64) * float(ct.RescaleSlope) + float(ct.RescaleIntercept)
    study.series[-1]["expected"] = expectation(values[np.newaxis], single_slice_ml(ct), 1)

    mr = add_file(study, "MR_small.dcm", 3, "MR slice")
    values = mr.pixel_array.astype(np.float64)
    study.series[-1]["expected"] = expectation(values[np.newaxis], single_slice_ml(mr), 1)

    dose = add_file(study, "rtdose.dcm", 4, "RT dose, multi-frame")
    values = dose.pixel_array.astype(np.float64) * float(dose.DoseGridScaling)
    offsets = [float(offset) for offset in dose.GridFrameOffsetVector]
    area = float(dose.PixelSpacing[0]) * float(dose.PixelSpacing[1])
    voxel_ml = area * abs(offsets[1] - offsets[0]) / 1000
    study.series[-1]["expected"] = expectation(values, voxel_ml, 1)


def add_colour(study: Study) -> None:
    """A secondary capture in RGB: measured as luminance, of unknown volume."""
    dataset = add_file(study, "SC_rgb_small_odd.dcm", 5, "Colour", modality="OT")
    rgb = dataset.pixel_array.astype(np.float64)
    values = 0.299 * rgb[..., 0] + 0.587 * rgb[..., 1] + 0.114 * rgb[..., 2]
    study.series[-1]["expected"] = expectation(values[np.newaxis], None, 1)


def main() -> None:
    """Reads the arguments, writes the files, prints the JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, metavar="OUT_DIR")
    parser.add_argument("--patient-id", help="default: a new one")
    parser.add_argument("--slices", type=int, default=12, help="of the generated volume (12)")
    parser.add_argument("--seed", type=int, default=1, help="of the generated volume's noise (1)")
    parser.add_argument("--volume-only", action="store_true", help="only the generated series")
    parser.add_argument("--colour", action="store_true", help="also a colour image")
    parser.add_argument(
        "--structured-report", action="store_true", help="also a series without pixels"
    )
    arguments = parser.parse_args()

    arguments.folder.mkdir(parents=True, exist_ok=True)
    study = Study(
        arguments.folder.resolve(), arguments.patient_id or f"EX{secrets.token_hex(4).upper()}"
    )
    add_volume(study, arguments.slices, arguments.seed)
    if not arguments.volume_only:
        add_bundled_files(study)
    if arguments.colour:
        add_colour(study)
    if arguments.structured_report:
        add_file(study, "test-SR.dcm", 6, "Structured report")
    print(
        json.dumps(
            {
                "studyInstanceUid": study.study_instance_uid,
                "patientId": study.patient_id,
                "accessionNumber": study.accession_number,
                "files": study.files,
                "series": study.series,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
