"""The callbacks that say for which series and studies the jobs run."""

from .modalities import has_pixels, study_has_pixels

__all__ = ["has_pixels", "study_has_pixels"]
