"""The library of dcm-processor 1, for packages that were written for it."""

from .logging import get_logger, print  # noqa: A004 (the original's name)

__all__ = ["get_logger", "print"]
