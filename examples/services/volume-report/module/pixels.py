"""Pixels of one instance in real-world values: one array of frames, whatever the image's kind.

Grey images come back as stored values put through the modality LUT, RT doses in their dose unit,
colour images as luminance. Multi-frame images with functional groups have a rescale per frame.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array

# Recommendation ITU-R BT.601, the weights behind YBR_FULL (PS3.3 section C.7.6.3.1.2).
LUMINANCE = np.array([0.299, 0.587, 0.114])

Frames = NDArray[np.float64]


def has_pixel_data(dataset: Dataset) -> bool:
    """True for an instance with any of the three kinds of pixel data."""
    return any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))


def frames_of(dataset: Dataset) -> Frames:
    """The frames as (frame, row, column) of float64 in rescaled units."""
    count = int(dataset.get("NumberOfFrames") or 1)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    samples = int(dataset.get("SamplesPerPixel", 1))
    stored = pixel_array(dataset)

    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
        samples = 3
    if samples > 1:
        colour = stored.reshape(count, rows, columns, -1)[..., :3].astype(np.float64)
        return np.asarray(colour @ LUMINANCE, dtype=np.float64)

    frames = stored.reshape(count, rows, columns)
    if "DoseGridScaling" in dataset:
        return np.asarray(frames * float(dataset.DoseGridScaling), dtype=np.float64)
    if "PerFrameFunctionalGroupsSequence" in dataset:
        return _rescale_per_frame(dataset, frames)
    return np.asarray(apply_modality_lut(frames, dataset), dtype=np.float64)


def functional_group(dataset: Dataset, frame: int, name: str) -> Dataset | None:
    """The item of a functional group macro that holds for a frame: its own, or the shared one."""
    for group in (
        dataset.get("PerFrameFunctionalGroupsSequence", [])[frame : frame + 1],
        dataset.get("SharedFunctionalGroupsSequence", [])[:1],
    ):
        for item in group:
            macro: Any = item.get(name)
            if macro:
                found: Dataset = macro[0]
                return found
    return None


def _rescale_per_frame(dataset: Dataset, frames: NDArray[Any]) -> Frames:
    values = frames.astype(np.float64)
    for index in range(values.shape[0]):
        rescale = functional_group(dataset, index, "PixelValueTransformationSequence")
        if rescale is not None:
            values[index] *= float(rescale.RescaleSlope)
            values[index] += float(rescale.RescaleIntercept)
    return values
