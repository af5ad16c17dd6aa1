"""One job in one function: what it gets, how it reads the images of a series, what it gives back."""

from typing import Any

import numpy as np
from dcm_processor_service import get_series_dicom
from pydicom.pixels.processing import apply_modality_lut


def intensity_statistics(
    headers: dict[str, Any], params: dict[str, Any], **kwargs: Any
) -> dict[str, Any]:
    """Statistics of all values of a series, in rescaled units; whatever JSON can hold may be returned."""
    datasets = get_series_dicom(str(headers["_id"])) or []
    images = [
        apply_modality_lut(dataset.pixel_array, dataset).ravel()
        for dataset in datasets
        if "PixelData" in dataset
    ]
    if not images:
        # What is thrown here is the job's error: `gantry job show` has it, with its traceback.
        raise ValueError("no instance of the series has pixel data")
    values = np.concatenate(images)
    print(f"{len(images)} images, {values.size} values")
    return {
        "images": len(images),
        "values": int(values.size),
        "min": float(values.min()),
        "max": float(values.max()),
        "mean": float(values.mean()),
        "percentiles": {
            str(percent): float(np.percentile(values, percent)) for percent in params["percentiles"]
        },
    }
