"""Loggers that write a file of the day below `LOGS`, and the job's log."""

import logging
import sys
from datetime import datetime
from pathlib import Path

from .env_vars import LOG_PATH

__all__ = ["get_logger", "print"]


def get_logger(name: str | None) -> logging.Logger:
    """The logger of that name; it writes `<LOGS>/<year>_<month>_<day>.log` and the job's log."""
    logger = logging.getLogger(name)
    # Once: the original adds a handler with each call, and writes each line so many times.
    if any(getattr(handler, "of_dcm_processor", False) for handler in logger.handlers):
        return logger
    now = datetime.now()
    file = Path(LOG_PATH) / f"{now.year}_{now.month}_{now.day}.log"
    handlers: list[logging.Handler] = [
        logging.FileHandler(file),
        logging.StreamHandler(sys.stdout),
    ]
    for handler in handlers:
        handler.setLevel(logging.DEBUG)
        handler.setFormatter(
            logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s")
        )
        handler.of_dcm_processor = True  # type: ignore[attr-defined]
        logger.addHandler(handler)
    return logger


def print(*args: object, name: str | None = None) -> None:  # noqa: A001 (the original's name)
    """Logs the arguments with a space between them, as information.

    The original's line is below the level of a logger that nobody has changed, and is lost.
    """
    logger = get_logger(name)
    if logger.getEffectiveLevel() > logging.INFO:
        logger.setLevel(logging.INFO)
    logger.info(" ".join(map(str, args)))
