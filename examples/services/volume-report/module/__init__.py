"""Statistics of the pixels of series and studies; the names below are the worker entries."""

from .jobs import series_histogram, series_statistics, study_report

__all__ = ["series_histogram", "series_statistics", "study_report"]
