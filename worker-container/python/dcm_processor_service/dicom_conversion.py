"""DICOM headers as plain values, and a folder of DICOM files as NIfTI."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

__all__ = ["dicom_series_to_nifti", "get_simplified_json"]


def _plain(value: Any) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import IS, DSdecimal, DSfloat

    if isinstance(value, Dataset):
        return get_simplified_json(value)
    if isinstance(value, DSfloat | DSdecimal):
        return float(value)
    if isinstance(value, IS):
        return int(value)
    if isinstance(value, bool | int | float):
        return value
    return str(value)


def _values(element: "DataElement") -> list[Any]:
    if element.VR == "SQ":
        return list(element.value)
    if element.VM == 0:
        return []
    if element.VM == 1:
        return [element.value]
    return list(element.value)


def get_simplified_json(ds: "Dataset", n_slices: int | None = None) -> dict[str, Any]:
    """Keyword → plain value of every standard attribute that has a value and is no bulk data.

    Text, UIDs, dates and names as str, IS as int, DS as float, PatientAge as the number in it; one
    value as itself, several as a list; a sequence as a list of dicts. `Slices` is `n_slices` if
    given.
    """
    result: dict[str, Any] = {}
    for element in ds:
        keyword = element.keyword
        if not keyword or element.tag.is_private or isinstance(element.value, bytes):
            continue
        if element.VR == "SQ":
            result[keyword] = [_plain(item) for item in element.value]
            continue
        values = [_plain(value) for value in _values(element)]
        if values and values != [""]:
            result[keyword] = values[0] if len(values) == 1 else values
    digits = "".join(re.findall(r"\d+", str(result.get("PatientAge", ""))))
    if digits:
        result["PatientAge"] = int(digits)
    if n_slices is not None:
        result["Slices"] = n_slices
    return result


def dicom_series_to_nifti(
    series_path: str | os.PathLike[str], output_file: str | os.PathLike[str]
) -> int:
    """Converts the DICOM files of a folder with dcm2niix and returns the number of slices.

    dcm2niix may write several volumes (localiser, derived map): the one whose smallest dimension
    is largest is kept, then one that is no ROI, then the finer. Without any, nothing is written
    and 0 returned.
    """
    import nibabel

    with tempfile.TemporaryDirectory() as folder:
        options = ["-o", folder, "-z", "y", "-f", "data"]
        command = [sys.executable, "-m", "dcm2niix", *options, os.fspath(series_path)]
        # Its exit code is no verdict: it is not 0 for a series of which it left out one image.
        subprocess.run(command, check=False)
        best: tuple[tuple[float, ...], Path, int] | None = None
        for name in sorted(Path(folder).glob("*.nii.gz")):
            header: Any = nibabel.load(name).header
            shape = header.get_data_shape()
            rank = (
                min(shape),
                0 if "ROI" in name.name.upper() else 1,
                -max(header.get_zooms()),
                header.get_data_dtype().itemsize,
            )
            if best is None or rank > best[0]:
                best = (rank, name, int(shape[2] if len(shape) > 2 else 1))
        if best is None:
            return 0
        shutil.move(best[1], output_file)
        return best[2]
