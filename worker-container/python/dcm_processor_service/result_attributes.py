"""What a result has of the data set that it was made from, and what every result has."""

import copy
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def _keywords(text: str) -> list[str]:
    return text.split()


# Patient, study and equipment: the same in the result, whatever it is.
_COMMON = _keywords("""
    PatientName PatientID IssuerOfPatientID TypeOfPatientID LocalNamespaceEntityID PatientSex
    PatientBirthDate OtherPatientNames PatientSize PatientWeight PatientBodyMassIndex PatientState
    PregnancyStatus StudyInstanceUID StudyID StudyDate StudyTime AccessionNumber StudyDescription
    ReferringPhysicianName ReferringPhysicianIdentificationSequence ConsultingPhysicianName
    ConsultingPhysicianIdentificationSequence ProcedureCodeSequence PhysiciansOfRecord
    PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
    PhysiciansReadingStudyIdentificationSequence ReferencedStudySequence RequestingService
    RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence Laterality Manufacturer
    ManufacturerModelName DeviceSerialNumber ContentQualification
""")

_OF_IMAGES = _keywords("""
    ReferencedPatientSequence PatientBirthTime PatientPosition AdmissionID AcquisitionDate
    AcquisitionTime AcquisitionNumber IssuerOfAccessionNumberSequence PixelPresentation
""")

_OF_OTHERS = ["FrameOfReferenceUID", "PositionReferenceIndicator"]

# About the pixels of the reference: copied only to a result that does not say it of its own.
_UNLESS_THERE = _keywords("""
    GantryDetectorTilt DistanceSourceToPatient DistanceSourceToDetector SharedFunctionalGroupsSequence
    PerFrameFunctionalGroupsSequence DimensionOrganizationSequence DimensionIndexSequence
    AcquisitionContextSequence VolumetricProperties VolumeBasedCalculationTechnique PatientOrientation
    KVP BodyPartExamined
""")

_OF_MR = _keywords("""
    ScanningSequence SequenceVariant ScanOptions MRAcquisitionType RepetitionTime EchoTime
    EchoTrainLength MagneticFieldStrength
""")

# Type 2 of the modules Patient, General Study and General Equipment: there, if need be without a value.
_TYPE_2 = _keywords("""
    PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName StudyID
    AccessionNumber Manufacturer
""")

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"

_MAX_SERIES_NUMBER_DIGITS = 9


def copy_attributes(ref_dicom: "Dataset", result: "Dataset") -> None:
    """Copies what the SOP class of `result` takes of the reference; text is decoded on the way."""
    from pydicom.dataset import Dataset

    sop_class = result.SOPClassUID
    always, otherwise = [*_COMMON], []
    if sop_class != ENCAPSULATED_PDF:
        always += _OF_IMAGES
        otherwise = ["PatientOrientation"]
    if sop_class not in (ENCAPSULATED_PDF, SECONDARY_CAPTURE):
        always += _OF_OTHERS
        otherwise = _UNLESS_THERE
    if sop_class == MR_IMAGE:
        otherwise = [*otherwise, *_OF_MR]
    wanted = [*always, *(keyword for keyword in otherwise if keyword not in result)]
    copied = Dataset()
    for keyword in ["SpecificCharacterSet", *wanted]:
        if keyword in ref_dicom:
            copied[keyword] = copy.deepcopy(ref_dicom[keyword])
    copied.decode()
    for keyword in wanted:
        if keyword in copied:
            result[keyword] = copied[keyword]


def set_empty(result: "Dataset", *keywords: str) -> None:
    """Adds, without a value, what is not there."""
    from pydicom.datadict import dictionary_VR
    from pydicom.dataelem import empty_value_for_VR

    for keyword in keywords:
        if keyword not in result:
            setattr(result, keyword, empty_value_for_VR(dictionary_VR(keyword)))


def fill_type_2(result: "Dataset") -> None:
    """What has to be there, if need be without a value, in every composite object."""
    set_empty(result, *_TYPE_2)


def choose_character_set(result: "Dataset") -> None:
    """Latin 1 if all text is, else UTF-8 (PS3.3 section C.12.1.1.2). The text has to be decoded."""
    plain = True

    def look(_: "Dataset", element: Any) -> None:
        nonlocal plain
        if element.VR in ("LO", "LT", "PN", "SH", "ST", "UC", "UT"):
            try:
                str(element.value).encode("latin-1")
            except UnicodeEncodeError:
                plain = False

    result.walk(look)
    result.SpecificCharacterSet = "ISO_IR 100" if plain else "ISO_IR 192"


def derived_series_number(ref_dicom: "Dataset", suffix: object) -> int:
    """The digits of the reference's number and of `suffix`, of which the last nine are taken."""
    reference = ref_dicom.get("SeriesNumber")
    digits = re.sub(r"\D", "", f"{reference or '00'}{suffix}")
    return int(digits[-_MAX_SERIES_NUMBER_DIGITS:])


def _date(value: object) -> date | None:
    try:
        return datetime.strptime(str(value).strip()[:8], "%Y%m%d").date()
    except ValueError:
        return None


def patient_age(ref_dicom: "Dataset") -> str | None:
    """The reference's age as `nnnY` (or W, M, D), else the one between birth and study."""
    given = str(ref_dicom.get("PatientAge") or "").strip()
    if given:
        if re.fullmatch(r"\d{3}[DWMY]", given):
            return given
        number, unit = re.sub(r"\D", "", given), given[-1].upper()
        if number and int(number) <= 999:
            return f"{int(number):03d}{unit if unit in 'DWM' else 'Y'}"
    born, studied = _date(ref_dicom.get("PatientBirthDate")), _date(ref_dicom.get("StudyDate"))
    if born is None or studied is None or studied < born:
        return None
    months = (studied.year - born.year) * 12 + studied.month - born.month
    months -= studied.day < born.day
    years = months // 12
    return f"{years:03d}Y" if 2 <= years <= 999 else f"{months:03d}M" if years < 2 else None


def set_date_and_time(result: "Dataset", *prefixes: str) -> None:
    """Now, as `<prefix>Date` and `<prefix>Time`."""
    now = datetime.now()
    for prefix in prefixes:
        setattr(result, f"{prefix}Date", now.strftime("%Y%m%d"))
        setattr(result, f"{prefix}Time", now.strftime("%H%M%S.%f"))
