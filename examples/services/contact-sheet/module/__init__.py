"""Pictures of series, and a PDF of them."""

from .pictures import contact_sheet, report, series_picture

__all__ = ["contact_sheet", "report", "series_picture"]
