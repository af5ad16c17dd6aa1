"""The three jobs: what a platform calls, what it gets back."""

from typing import Any

import numpy as np
from dcm_processor_service import get_session_data, set_session_data

from .pixels import frames_of, has_pixel_data
from .series import DIGITS, read_series, statistics_of

STATISTICS_JOB = "series-statistics"


def _session_data_name(headers: dict[str, Any]) -> str:
    # Every series of a session runs the same job: the series is part of the name, so that nobody
    # reads another's numbers.
    return f"statistics-{headers['SeriesInstanceUID']}"


def series_statistics(
    headers: dict[str, Any], params: dict[str, Any], **kwargs: Any
) -> dict[str, Any]:
    """Statistics of one series; left as session data for the jobs that depend on this one."""
    numbers, _ = statistics_of(str(headers["_id"]), float(params.get("threshold", 300)))
    if numbers is None:
        raise ValueError("no instance of the series has pixel data")
    set_session_data(_session_data_name(headers), numbers)
    print(f"{numbers['instances']} instances, {numbers['voxels']} voxels, mean {numbers['mean']}")
    return numbers


def series_histogram(
    headers: dict[str, Any], params: dict[str, Any], **kwargs: Any
) -> dict[str, Any]:
    """Counts of equally wide bins between the smallest and the largest value of the series."""
    series_id = str(headers["_id"])
    bins = int(params.get("bins", 16))
    known = get_session_data(_session_data_name(headers), None, job_name=STATISTICS_JOB)
    # Where the platform does not keep session data for other jobs, the range is computed again.
    numbers = known or statistics_of(series_id, 0.0)[0]
    if numbers is None:
        raise ValueError("no instance of the series has pixel data")
    # The range was rounded; half a digit more on both sides keeps the extremes in.
    margin = 10.0**-DIGITS
    edges = np.linspace(numbers["min"] - margin, numbers["max"] + margin, bins + 1)
    counts = np.zeros(bins, dtype=np.int64)
    for dataset in read_series(series_id):
        if has_pixel_data(dataset):
            counts += np.histogram(frames_of(dataset), bins=edges)[0]
    return {
        "rangeFrom": "session data" if known else "pixels",
        "range": [numbers["min"], numbers["max"]],
        "voxels": int(counts.sum()),
        "counts": counts.tolist(),
    }


def study_report(headers: dict[str, Any], params: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A row for each series of the study that has pixels, totals, and the table as text."""
    threshold = float(params.get("threshold", 300))
    rows: list[dict[str, Any]] = []
    without_pixels = 0
    for series_id in headers["Series"]:
        numbers, description = statistics_of(str(series_id), threshold)
        if numbers is None:
            without_pixels += 1
        else:
            rows.append({**description, **numbers})
    rows.sort(key=lambda row: (row["seriesNumber"] is None, row["seriesNumber"] or 0))
    totals = {
        "series": len(rows),
        "seriesWithoutPixels": without_pixels,
        "instances": sum(row["instances"] for row in rows),
        "frames": sum(row["frames"] for row in rows),
        "voxels": sum(row["voxels"] for row in rows),
        "volumeMl": round(sum(row["volumeMl"] or 0.0 for row in rows), DIGITS),
    }
    table = _table(rows, totals)
    print(table)
    return {"rows": rows, "totals": totals, "table": table}


def _table(rows: list[dict[str, Any]], totals: dict[str, Any]) -> str:
    line = "{:>6}  {:<8}{:<24}{:>9}{:>8}{:>12}{:>12}{:>12}{:>12}".format
    lines = [
        line(
            "series", "modality", "  description", "instances", "frames", "min", "max", "mean", "ml"
        )
    ]
    lines += [
        line(
            "" if row["seriesNumber"] is None else row["seriesNumber"],
            row["modality"],
            "  " + row["description"][:21],
            row["instances"],
            row["frames"],
            f"{row['min']:.3f}",
            f"{row['max']:.3f}",
            f"{row['mean']:.3f}",
            "?" if row["volumeMl"] is None else f"{row['volumeMl']:.3f}",
        )
        for row in rows
    ]
    lines.append(
        line(
            "total",
            "",
            "",
            totals["instances"],
            totals["frames"],
            "",
            "",
            "",
            f"{totals['volumeMl']:.3f}",
        )
    )
    return "\n".join(lines)
