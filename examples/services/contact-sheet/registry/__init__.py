"""Series of modalities with pixels, and studies that have such a series."""

from typing import Any

WITHOUT_PIXELS = {"SR", "PR", "KO", "DOC", "RTSTRUCT", "RTPLAN", "SEG"}


def has_pixels(headers: dict[str, Any], **_: Any) -> bool:
    """Whether the series has images."""
    return headers["Metadata"].get("Modality") not in WITHOUT_PIXELS


def study_has_pixels(headers: dict[str, Any], **_: Any) -> bool:
    """Whether a series of the study has images."""
    return bool(set(headers["Metadata"]["ModalitiesInStudy"]) - WITHOUT_PIXELS)
