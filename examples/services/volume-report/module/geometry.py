"""The volume that one voxel stands for, from the planes of a series, where they say it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from .pixels import functional_group


@dataclass(frozen=True)
class Plane:
    """Where a frame lies: its pixels' area, its thickness, its distance along the normal."""

    pixel_area_mm2: float | None
    thickness_mm: float | None
    distance_mm: float | None


def planes_of(dataset: Dataset) -> list[Plane]:
    """One plane for each frame of an instance."""
    count = int(dataset.get("NumberOfFrames") or 1)
    offsets = dataset.get("GridFrameOffsetVector")
    planes = []
    for frame in range(count):
        measures = functional_group(dataset, frame, "PixelMeasuresSequence") or dataset
        position = functional_group(dataset, frame, "PlanePositionSequence") or dataset
        orientation = functional_group(dataset, frame, "PlaneOrientationSequence") or dataset
        spacing = measures.get("PixelSpacing")
        distance = (
            float(offsets[frame])
            if offsets is not None and len(offsets) == count and count > 1
            else _distance(
                position.get("ImagePositionPatient"), orientation.get("ImageOrientationPatient")
            )
        )
        # A spacing between slices of enhanced images and of MR; else slices are taken to touch.
        thickness = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
        planes.append(
            Plane(
                pixel_area_mm2=float(spacing[0]) * float(spacing[1]) if spacing else None,
                thickness_mm=float(thickness) if thickness else None,
                distance_mm=distance,
            )
        )
    return planes


def voxel_volume_ml(planes: Sequence[Plane]) -> float | None:
    """Volume of one voxel in ml, or None when it is unknown or differs between planes."""
    areas = {plane.pixel_area_mm2 for plane in planes}
    area = areas.pop() if len(areas) == 1 else None
    spacing = _slice_spacing_mm(planes)
    return None if area is None or spacing is None else area * spacing / 1000


def _slice_spacing_mm(planes: Sequence[Plane]) -> float | None:
    distances = sorted(
        {round(plane.distance_mm, 4) for plane in planes if plane.distance_mm is not None}
    )
    if len(distances) > 1:
        return float(np.median(np.diff(distances)))
    thicknesses = {plane.thickness_mm for plane in planes}
    return thicknesses.pop() if len(thicknesses) == 1 else None


def _distance(
    position: Sequence[float] | None, orientation: Sequence[float] | None
) -> float | None:
    if not position or not orientation:
        return None
    normal = np.cross(np.asarray(orientation[:3], float), np.asarray(orientation[3:], float))
    return float(np.dot(np.asarray(position, float), normal))
