"""Decides for each series whether its intensities are measured."""

from typing import Any

IMAGES = {"CT", "MR", "PT"}


def has_pixels(headers: dict[str, Any], **_: Any) -> bool:
    """True for a series of images whose stored values mean something."""
    return headers["Metadata"].get("Modality") in IMAGES
