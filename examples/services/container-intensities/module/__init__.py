"""Runs inside the image: needs nothing but Python's standard library.

A container of a worker has no network to rely on and no platform to ask. What it needs lies in the session
folder, where `pre.py` of the worker has put it; what it makes it leaves there, for `post.py`.
"""

import array
import json
import os
from pathlib import Path
from typing import Any

SESSION = Path("/session")
DATA = Path("/data")


def measure(params: dict[str, Any], job_name: str, **_: Any) -> dict[str, Any]:
    """Mean and histogram of the values that `pre.py` has extracted."""
    values = array.array("d")
    values.frombytes((SESSION / "values.f64").read_bytes())
    limits = json.loads((DATA / "limits.json").read_text())
    low, high = limits["low"], limits["high"]
    bins = [0] * params["bins"]
    for value in values:
        place = int((min(max(value, low), high) - low) / (high - low) * len(bins))
        bins[min(place, len(bins) - 1)] += 1
    mean = sum(values) / len(values)
    print(f"{job_name}: {len(values)} values, mean {mean:.1f}")
    (SESSION / "report.txt").write_text(f"mean {mean:.3f}\n", encoding="utf-8")
    return {"values": len(values), "mean": mean, "histogram": bins, "user": os.getuid()}
