"""One series, read instance by instance: a long one needs no more memory than a short one."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from dcm_processor_service import get_series_dicom
from pydicom import dcmread
from pydicom.dataset import Dataset

from .geometry import Plane, planes_of, voxel_volume_ml
from .pixels import Frames, frames_of, has_pixel_data

# Digits after the point: enough for every unit, free of the last bit's noise.
DIGITS = 6


def read_series(series_id: str) -> Iterator[Dataset]:
    """The instances of a series in the order of their arrival, one in memory at a time."""
    with tempfile.TemporaryDirectory() as folder:
        names = get_series_dicom(series_id, folder)
        if names is None:
            raise LookupError("the series is not there")
        for name in names:
            yield dcmread(Path(folder) / name)


@dataclass
class Statistics:
    """Running statistics; `add` merges the next frames (Chan, Golub and LeVeque, 1979)."""

    threshold: float
    instances: int = 0
    frames: int = 0
    voxels: int = 0
    minimum: float = float("inf")
    maximum: float = float("-inf")
    mean: float = 0.0
    squares: float = 0.0
    above: int = 0
    planes: list[Plane] = field(default_factory=list)

    def add(self, values: Frames, planes: list[Plane]) -> None:
        """Takes the frames of one instance."""
        count = int(values.size)
        mean = float(values.mean())
        delta = mean - self.mean
        total = self.voxels + count
        self.squares += float(((values - mean) ** 2).sum())
        self.squares += delta * delta * self.voxels * count / total
        self.mean += delta * count / total
        self.voxels = total
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        self.above += int((values > self.threshold).sum())
        self.instances += 1
        self.frames += len(planes)
        self.planes.extend(planes)

    def result(self) -> dict[str, Any]:
        """What JSON can hold; `volumeMl` is None where nobody knows how large a voxel is."""
        voxel_ml = voxel_volume_ml(self.planes)
        return {
            "instances": self.instances,
            "frames": self.frames,
            "voxels": self.voxels,
            "min": round(self.minimum, DIGITS),
            "max": round(self.maximum, DIGITS),
            "mean": round(self.mean, DIGITS),
            "std": round(float(np.sqrt(self.squares / self.voxels)), DIGITS),
            "threshold": self.threshold,
            "voxelsAboveThreshold": self.above,
            "volumeMl": None if voxel_ml is None else round(voxel_ml * self.above, DIGITS),
        }


def statistics_of(series_id: str, threshold: float) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Statistics of a series (None without pixels), and what its first header says."""
    statistics = Statistics(threshold=threshold)
    description: dict[str, Any] = {}
    for dataset in read_series(series_id):
        if not description:
            number = dataset.get("SeriesNumber")
            description = {
                "seriesInstanceUid": str(dataset.SeriesInstanceUID),
                "seriesNumber": None if number is None else int(number),
                "modality": str(dataset.get("Modality", "")),
                "description": str(dataset.get("SeriesDescription", "")),
            }
        if has_pixel_data(dataset):
            statistics.add(frames_of(dataset), planes_of(dataset))
    return (statistics.result() if statistics.voxels else None), description
