"""Choice by modality (0008,0060): the header says enough, nobody has to read pixels."""

from typing import Any

# Modalities of PS3.3 section C.7.3.1.1.1 whose instances are images or grids of values.
PIXEL_MODALITIES = frozenset(
    {
        "CR",
        "CT",
        "DX",
        "ES",
        "IO",
        "MG",
        "MR",
        "NM",
        "OP",
        "OPT",
        "OT",
        "PT",
        "PX",
        "RF",
        "RTDOSE",
        "SC",
        "US",
        "XA",
        "XC",
    }
)


def has_pixels(
    session_id: str,
    job_name: str,
    headers: dict[str, Any],
    params: dict[str, Any],
    added_params: dict[str, Any],
    **kwargs: Any,
) -> tuple[bool, dict[str, Any]]:
    """For a series: run if its modality has pixels; the modality is handed on to the job."""
    modality = headers.get("Metadata", {}).get("Modality")
    return modality in PIXEL_MODALITIES, {"modality": modality}


def study_has_pixels(
    session_id: str,
    job_name: str,
    headers: dict[str, Any],
    params: dict[str, Any],
    added_params: dict[str, Any],
    **kwargs: Any,
) -> bool:
    """For a study: run if one of its modalities has pixels."""
    modalities = headers.get("Metadata", {}).get("ModalitiesInStudy") or []
    if isinstance(modalities, str):
        modalities = [modalities]
    return not PIXEL_MODALITIES.isdisjoint(modalities)
