"""After the container: hands over what it left in the session folder."""

from pathlib import Path
from typing import Any

from dcm_processor_service import set_session_data, upload_session_file


def callback(session_dir: str, **_: Any) -> None:
    """Keeps the report for the session's other jobs, as a file and as a value."""
    report = Path(session_dir) / "report.txt"
    upload_session_file(str(report), "report.txt")
    set_session_data("report", report.read_text("utf-8").strip())
    print("the report is kept")
