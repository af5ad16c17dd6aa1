"""A patient with two studies of two series each, whose attributes are those that readers get wrong.

Written as Part 10 files into the folder that the first argument names; a JSON description on stdout.
"""

import json
import sys
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

INSTANCES = 2


def item(**attributes: str) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def instance(study: str, series: str, patient: str, number: int, index: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientID, dataset.IssuerOfPatientID = patient, "HOSPITAL"
    dataset.PatientName, dataset.PatientAge = "Dœ^Jane", "018M"
    dataset.PatientWeight = "71.5"
    dataset.StudyDate, dataset.AccessionNumber = "20260102", "A1"
    dataset.ReferringPhysicianName = "Roe^Richard"
    dataset.Modality, dataset.SeriesNumber = "CT", number
    dataset.SeriesDescription = "T1 \"fast\" 'it' {x}"
    dataset.OperatorsName = ["One^A", "Two^B"]
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    # Attributes of the top level again, in items: those of others.
    dataset.OtherPatientIDsSequence = [item(PatientID="OTHER", IssuerOfPatientID="ELSEWHERE")]
    dataset.RequestAttributesSequence = [item(StudyInstanceUID="1.2.3.4", AccessionNumber="B2")]
    dataset.InstanceNumber = index
    dataset.Rows = dataset.Columns = 2
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = bytes(8)
    return dataset


def main() -> None:
    folder = Path(sys.argv[1])
    patient = generate_uid(prefix=None)[-12:]
    files, studies = [], []
    for _ in range(2):
        study = generate_uid()
        series = [generate_uid(), generate_uid()]
        studies.append({"studyInstanceUid": study, "series": series})
        for number, uid in enumerate(series, start=1):
            for index in range(1, INSTANCES + 1):
                dataset = instance(study, uid, patient, number, index)
                path = folder / f"{dataset.SOPInstanceUID}.dcm"
                dataset.save_as(path, enforce_file_format=True)
                files.append(str(path))
    print(json.dumps({"patientId": patient, "files": files, "studies": studies}))


if __name__ == "__main__":
    main()
