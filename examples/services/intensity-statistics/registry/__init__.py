"""For which series the job runs: the header says enough, nobody has to read pixels."""

from typing import Any


def has_modality(
    session_id: str,
    job_name: str,
    headers: dict[str, Any],
    params: dict[str, Any],
    added_params: dict[str, Any],
    **kwargs: Any,
) -> bool:
    """Run for a series of a modality that the parameters name."""
    return headers["Metadata"].get("Modality") in params["modalities"]
