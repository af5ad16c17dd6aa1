"""A NIfTI volume as a DICOM series: values and geometry survive the way there and back.

The affine of NIfTI points right, anterior and superior, DICOM's left, posterior and superior. Images
are turned, without interpolation, to the way in which people look at their plane; the slices stay the
planes of the array's third axis and are numbered along their normal.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dicom_results import make_series_dicom, new_dataset, patient_orientation, plane_of
from .result_attributes import (
    CT_IMAGE,
    MR_IMAGE,
    choose_character_set,
    fill_type_2,
    set_date_and_time,
    set_empty,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

__all__ = ["nifti_to_dicom"]

_SERIES_NUMBER = 2000
_STEPS = 2**16
_COARSE = 2**16
# By the axis that the slices are stacked along: where rows, columns and slices run to.
_DISPLAY = {"S": "LPS", "I": "LPS", "A": "LIP", "P": "LIP", "L": "PIR", "R": "PIR"}
_MAX_COSINE_OF_AXES = 1e-3


@dataclass(frozen=True)
class _Pixels:
    """Stored values, and what makes real ones of them: `stored * slope + intercept`."""

    stored: "NDArray[Any]"
    slope: float
    intercept: float


@dataclass(frozen=True)
class _Geometry:
    """Of all slices in millimetres, in the patient's coordinates of DICOM."""

    row: "NDArray[np.float64]"
    column: "NDArray[np.float64]"
    origin: "NDArray[np.float64]"
    step: "NDArray[np.float64]"
    # Between rows, between columns, between slices.
    spacing: tuple[float, float, float]


def _decimal(value: float) -> float:
    """The number that a decimal string of 16 characters can say."""
    from pydicom.valuerep import format_number_as_ds

    return float(format_number_as_ds(float(value)))


def _decimals(values: Any) -> list[float]:
    return [_decimal(value) for value in values]


def _less(values: "NDArray[Any]", offset: int, kind: str) -> "NDArray[Any]":
    # In 64 bits: the difference may not fit the type of the values.
    wide = values.astype(f"{values.dtype.kind}8")
    less: NDArray[Any] = (wide - wide.dtype.type(offset)).astype(kind)
    return less


def _as_integers(values: "NDArray[Any]") -> tuple["NDArray[Any]", int] | None:
    """Whole numbers as they are or less an offset, in 16 bits or else in 32; None beyond those."""
    import numpy as np

    lowest, highest = int(values.min()), int(values.max())
    for kind in ("int16", "uint16", "int32"):
        limits: np.iinfo[Any] = np.iinfo(kind)
        if limits.min <= lowest and highest <= limits.max:
            return values.astype(kind), 0
        if kind == "uint16" and highest - lowest <= limits.max:
            return _less(values, lowest, kind), lowest
    # Never unsigned: dcm2niix takes 32 bits for signed. A coarse offset is exact as a float of NIfTI.
    limits = np.iinfo("int32")
    offset = -((limits.max - highest) // _COARSE) * _COARSE
    fits = limits.min <= lowest - offset and highest - offset <= limits.max
    return (_less(values, offset, "int32"), offset) if fits else None


def _quantised(values: "NDArray[Any]") -> _Pixels:
    """Real numbers in 65535 steps; 0 stays 0 where it is among the values."""
    import numpy as np

    lowest, highest = float(values.min()), float(values.max())
    if lowest == highest:
        intercept = _decimal(lowest)
        return _Pixels(np.zeros(values.shape, np.uint16), 1.0, intercept)
    # From 0 on, unless that would waste more than half of the steps.
    base = min(lowest, 0.0) if lowest <= highest / 2 else lowest
    # One step less than there are: the lowest value may lie between two of them.
    slope = _decimal((highest - base) / (_STEPS - 2))
    below = np.floor(base / slope)
    intercept = _decimal(below * slope)
    stored = np.clip(np.rint((values - intercept) / slope), 0, _STEPS - 1)
    return _Pixels(stored.astype(np.uint16), slope, intercept)


def _pixels_of(image: Any) -> _Pixels:
    import numpy as np

    proxy = image.dataobj
    scaled = getattr(proxy, "slope", 1) != 1 or getattr(proxy, "inter", 0) != 0
    # What was stored as scaled whole numbers is stored so again: nothing is rounded.
    values = np.asanyarray(proxy.get_unscaled() if scaled else proxy)
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"a volume of {values.dtype} is no image of single numbers")
    if not np.isfinite(values).all():
        raise ValueError("DICOM has no NaN and no infinity; replace them, as with numpy.nan_to_num")
    whole = values.dtype.kind in "iu" or bool((values == np.rint(values)).all())
    if scaled and whole:
        integers = _as_integers(values)
        slope, intercept = float(proxy.slope), float(proxy.inter)
        if integers is not None and slope != 0:
            stored, offset = integers
            return _Pixels(stored, _decimal(slope), _decimal(intercept + offset * slope))
    if scaled:
        return _quantised(np.asanyarray(image.dataobj, dtype=np.float64))
    integers = _as_integers(values) if whole else None
    if integers is None or _decimal(integers[1]) != integers[1]:
        return _quantised(values.astype(np.float64))
    return _Pixels(integers[0], 1.0, _decimal(integers[1]))


def _three_axes(image: Any) -> Any:
    """The image with three axes; one of several volumes, or of none, is refused."""
    shape = image.shape
    if len(shape) < 2 or any(length != 1 for length in shape[3:]) or 0 in shape:
        raise ValueError(f"one volume is needed, and the image has the shape {tuple(shape)}")
    if len(shape) == 3:
        return image
    if len(shape) > 3:
        return image.slicer[(slice(None), slice(None), slice(None), *([0] * (len(shape) - 3)))]
    import numpy as np

    return type(image)(np.asanyarray(image.dataobj)[..., np.newaxis], image.affine, image.header)


def _turned(stored: "NDArray[Any]", affine: Any) -> tuple["NDArray[Any]", Any]:
    """Array and affine with the first two axes as rows and columns are looked at."""
    import nibabel

    orientations: Any = nibabel.orientations
    axes = orientations.io_orientation(affine)
    codes = _DISPLAY[orientations.ornt2axcodes(axes)[2]]
    change = orientations.ornt_transform(axes, orientations.axcodes2ornt(codes))
    turned = orientations.apply_orientation(stored, change)
    return turned, affine @ orientations.inv_ornt_aff(change, stored.shape)


def _geometry(affine: Any) -> _Geometry:
    import numpy as np

    patient = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(affine, dtype=np.float64)
    columns_step, rows_step, step = (patient[:3, axis] for axis in range(3))
    between_columns, between_rows = np.linalg.norm(columns_step), np.linalg.norm(rows_step)
    row, column = columns_step / between_columns, rows_step / between_rows
    if abs(row @ column) > _MAX_COSINE_OF_AXES:
        raise ValueError("the rows and columns of the volume are not at right angles; resample it")
    # Exactly at right angles, whatever the affine was rounded to.
    column = column - (row @ column) * row
    column /= np.linalg.norm(column)
    between_slices = abs(float(step @ np.cross(row, column)))
    spacing = (float(between_rows), float(between_columns), between_slices)
    return _Geometry(row, column, patient[:3, 3], step, spacing)


def _window(pixels: _Pixels) -> tuple[float, float]:
    """Centre and width that show all but the outermost hundredth at each end."""
    import numpy as np

    low, high = np.percentile(pixels.stored, [1, 99]) * pixels.slope + pixels.intercept
    if low == high:
        extremes = np.array([pixels.stored.min(), pixels.stored.max()], dtype=np.float64)
        low, high = extremes * pixels.slope + pixels.intercept
    return _decimal((low + high) / 2), _decimal(max(high - low, abs(pixels.slope)))


def _fill_modality(dataset: "Dataset") -> None:
    """What an image of the SOP class has to have, as far as nobody knows more (type 2)."""
    set_empty(dataset, "PositionReferenceIndicator")
    if dataset.SOPClassUID == CT_IMAGE:
        set_empty(dataset, "KVP", "AcquisitionNumber")
    if dataset.SOPClassUID != MR_IMAGE:
        return
    set_empty(dataset, "ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime")
    set_empty(dataset, "EchoTrainLength")
    for keyword, value in (("ScanningSequence", "RM"), ("SequenceVariant", "NONE")):
        if keyword not in dataset:
            setattr(dataset, keyword, value)


def _common(
    sop_class: str, modality: str, pixels: _Pixels, geometry: _Geometry, description: str
) -> "Dataset":
    """What is the same in every slice."""
    from pydicom.uid import generate_uid

    dataset = new_dataset(sop_class)
    bits = pixels.stored.dtype.itemsize * 8
    center, width = _window(pixels)
    dataset.Modality = modality
    dataset.SeriesInstanceUID = generate_uid()
    dataset.SeriesNumber = _SERIES_NUMBER
    dataset.SeriesDescription = description
    dataset.ImageOrientationPatient = _decimals([*geometry.row, *geometry.column])
    dataset.PixelSpacing = _decimals(geometry.spacing[:2])
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _decimal(geometry.spacing[2])
    dataset.ImageType = ["DERIVED", "SECONDARY", plane_of(dataset) or "AXIAL"]
    dataset.PatientOrientation = patient_orientation(dataset)
    dataset.WindowCenter, dataset.WindowWidth = center, width
    dataset.RescaleSlope, dataset.RescaleIntercept = pixels.slope, pixels.intercept
    dataset.RescaleType = "HU" if modality == "CT" else "US"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.stored.dtype.kind == "i")
    set_date_and_time(dataset, "Series", "Content", "InstanceCreation")
    return dataset


def nifti_to_dicom(
    img_nib: Any,
    modality: str,
    series_description: str = "",
    study_instance_uid: str | None = None,
    sop_class_uid: str | None = None,
    ref_dcm: "Dataset | None" = None,
) -> "list[Dataset]":
    """One volume, a nibabel image, as the datasets of a new series, one for each slice.

    Whole numbers keep their values: in 16 bits, signed or not or above an offset, or in 32 bits where
    they span more than that. Scaled ones keep slope and intercept; other real numbers are rounded to
    one of 65535 steps. Raises ValueError for NaN, for several volumes, and for axes that are not at
    right angles.

    With `ref_dcm` the series belongs to its study, patient and frame of reference, as
    `make_series_dicom` says, and its number is the reference's followed by 2000. Without, it is in
    the study `study_instance_uid`, or in a new one. `sop_class_uid` is MR Image Storage for the
    modality MR unless told, else CT Image Storage.
    """
    import copy

    from pydicom.uid import generate_uid

    image = _three_axes(img_nib)
    pixels = _pixels_of(image)
    stored, affine = _turned(pixels.stored, image.affine)
    geometry = _geometry(affine)
    sop_class = sop_class_uid or (MR_IMAGE if modality == "MR" else CT_IMAGE)
    common = _common(sop_class, modality, pixels, geometry, series_description)
    common.StudyInstanceUID = study_instance_uid or generate_uid()
    common.FrameOfReferenceUID = generate_uid()
    datasets = []
    for index in range(stored.shape[2]):
        dataset = copy.deepcopy(common)
        dataset.SOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = _decimals(geometry.origin + index * geometry.step)
        rows = stored[:, :, index].T
        dataset.Rows, dataset.Columns = rows.shape
        # Little endian, as the transfer syntax says.
        dataset.PixelData = rows.astype(rows.dtype.newbyteorder("<")).tobytes()
        dataset["PixelData"].VR = "OW"
        datasets.append(dataset)
    if ref_dcm is not None:
        make_series_dicom(ref_dcm, datasets, series_description)
    for dataset in datasets:
        fill_type_2(dataset)
        _fill_modality(dataset)
        choose_character_set(dataset)
    return datasets
