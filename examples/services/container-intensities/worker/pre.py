"""Before the container: gets the images from the platform and leaves their values in the session folder."""

import array
from pathlib import Path
from typing import Any

from dcm_processor_service import get_series_dicom


def callback(headers: dict[str, Any], session_dir: str, **_: Any) -> None:
    """Writes the stored values of all images of the series, as numbers of 8 bytes."""
    datasets = get_series_dicom(str(headers["_id"])) or []
    values = array.array("d")
    for dataset in datasets:
        values.extend(float(value) for value in dataset.pixel_array.ravel())
    (Path(session_dir) / "values.f64").write_bytes(values.tobytes())
    print(f"{len(datasets)} images, {len(values)} values")
