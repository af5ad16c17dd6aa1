"""Volumes in space, and their comparison with the slices made of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

RANDOM = np.random.default_rng(7)


def rotation(x: float, y: float, z: float) -> Any:
    """About the three axes in turn, in radians."""
    turned = np.eye(3)
    for axis, angle in enumerate((x, y, z)):
        one = np.eye(3)
        first, second = [index for index in range(3) if index != axis]
        one[first, first] = one[second, second] = np.cos(angle)
        one[first, second], one[second, first] = -np.sin(angle), np.sin(angle)
        turned = one @ turned
    return turned


def affine_of(directions: Any, spacing: tuple[float, float, float]) -> Any:
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(directions) * spacing
    affine[:3, 3] = (-31.5, 42.25, -103.125)
    return affine


OBLIQUE = affine_of(rotation(0.2, -0.3, 0.15), (0.7, 1.3, 2.5))


def values_of(dataset: Dataset) -> Any:
    return dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)


def points(dataset: Dataset) -> Any:
    """Where each pixel of a slice is (PS3.3 section C.7.6.2.1.1), in NIfTI's coordinates."""
    row, column = np.reshape([float(one) for one in dataset.ImageOrientationPatient], (2, 3))
    between_rows, between_columns = (float(one) for one in dataset.PixelSpacing)
    rows, columns = np.indices((dataset.Rows, dataset.Columns))
    position = np.array([float(one) for one in dataset.ImagePositionPatient])
    steps = columns[..., None] * row * between_columns + rows[..., None] * column * between_rows
    return (position + steps) * (-1, -1, 1)


def saved(datasets: list[Dataset], folder: Path) -> list[Dataset]:
    """As files, and read again."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, dataset in enumerate(datasets):
        dataset.save_as(folder / f"{index:03}.dcm", enforce_file_format=True)
    return [dcmread(path) for path in sorted(folder.iterdir())]


def rebuilt(folder: Path, target: Path) -> Any:
    """What dcm2niix makes of a folder, in nibabel's closest canonical orientation."""
    target.mkdir()
    subprocess.run(
        [sys.executable, "-m", "dcm2niix", "-o", str(target), "-f", "volume", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (name,) = target.glob("*.nii")
    return nibabel.as_closest_canonical(nibabel.load(name))


def same_in_space(image: Any, datasets: list[Dataset], tolerance: float) -> None:
    """Each pixel has the value that the volume has at its place."""
    voxel_of = np.linalg.inv(image.affine)
    volume = np.asarray(image.dataobj, dtype=np.float64).reshape((*image.shape, 1)[:3])
    seen = np.zeros(volume.shape, dtype=int)
    for dataset in datasets:
        where = points(dataset) @ voxel_of[:3, :3].T + voxel_of[:3, 3]
        nearest = np.rint(where).astype(int)
        assert np.abs(where - nearest).max() < 1e-4
        i, j, k = np.moveaxis(nearest, -1, 0)
        assert np.abs(values_of(dataset) - volume[i, j, k]).max() <= tolerance
        seen[i, j, k] += 1
    assert (seen == 1).all()
