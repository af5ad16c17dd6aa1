"""The images of a series: as pydicom datasets, as files, as NIfTI."""

import gzip
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from .dicom_conversion import dicom_series_to_nifti, get_simplified_json
from .endpoint import request

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

__all__ = ["get_series_dicom", "get_series_nifti"]


@overload
def get_series_dicom(series_id: str, dir_path: None = None) -> "list[FileDataset] | None": ...
@overload
def get_series_dicom(series_id: str, dir_path: str | os.PathLike[str]) -> list[str] | None: ...
def get_series_dicom(
    series_id: str, dir_path: str | os.PathLike[str] | None = None
) -> "list[FileDataset] | list[str] | None":
    """The instances of a series of this job's object, in the order of their arrival.

    `series_id` is `str(headers["_id"])` of a series, or an item of a study's `headers["Series"]`.
    Without `dir_path`: pydicom datasets. With it: the paths of files `<dir_path>/<file id>.dcm`,
    which belong to the caller. None for an unknown series.
    """
    with request("GET", "/series", {"id": str(series_id)}) as answer:
        if not answer.found:
            return None
        files: list[dict[str, str]] = answer.json()["files"]
    if dir_path is None:
        from pydicom import dcmread

        return [dcmread(file["path"]) for file in files]
    Path(dir_path).mkdir(parents=True, exist_ok=True)
    names = []
    for file in files:
        name = str(Path(dir_path) / f"{file['id']}.dcm")
        # A copy of its own, not a link: the staged file serves other jobs too.
        shutil.copyfile(file["path"], name)
        names.append(name)
    return names


def get_series_nifti(
    series_id: str, filename: str | os.PathLike[str] | None = None
) -> tuple[Any, Any, Any]:
    """A series as one NIfTI volume, made by dcm2niix.

    Without `filename`: the nibabel image, its simplified header (with `Slices`) and its voxels as a
    float32 array. With it: `filename`, the path of a JSON file with the header beside it, and None.
    Raises ValueError for a series without instances, RuntimeError if there is no volume in it.
    """
    from pydicom import dcmread

    with tempfile.TemporaryDirectory() as folder:
        dicom_folder = Path(folder) / "dicom"
        names = get_series_dicom(series_id, dicom_folder)
        if not names:
            raise ValueError(f"No DICOM instances found for series '{series_id}'.")
        volume = Path(folder) / "series.nii.gz"
        slices = dicom_series_to_nifti(dicom_folder, volume)
        if not volume.exists():
            raise RuntimeError(f"Unable to convert series '{series_id}' to NIfTI.")
        header = get_simplified_json(dcmread(names[0], stop_before_pixels=True), n_slices=slices)
        if filename is not None:
            shutil.move(volume, filename)
            header_name = f"{str(filename).split('.nii')[0]}.json"
            with Path(header_name).open("w", encoding="utf-8") as target:
                json.dump(header, target)
            return filename, header_name, None

        import nibabel
        import numpy

        # From memory, not from the file: that one goes with its folder, and nibabel reads lazily.
        with gzip.open(volume) as source:
            image = nibabel.Nifti1Image.from_bytes(source.read())
        return image, header, image.get_fdata(dtype=numpy.float32)
