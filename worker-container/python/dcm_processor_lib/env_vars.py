"""Where the logs are: read when the library is imported, as in the original."""

import os

__all__ = ["LOG_PATH"]

LOG_PATH = os.getenv("LOGS", "/logs")
