"""The platform's own first and last node of a session.

Gantry runs them itself; they are here because packages may import them, and do nothing.
"""

from typing import Any

__all__ = ["run_post_services", "run_pre_services"]


def run_pre_services(*args: Any, **kwargs: Any) -> None:
    """Does nothing: the platform has checked the session's instances before the first job."""


def run_post_services(*args: Any, **kwargs: Any) -> None:
    """Does nothing: the platform cleans up a session's data after its last job."""
