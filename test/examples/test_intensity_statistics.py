"""The smallest example package: for which series it runs, and its numbers."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from package_platform import load
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file

PACKAGE = Path(__file__).resolve().parents[2] / "examples" / "services" / "intensity-statistics"
SERIES: dict[str, list[Dataset]] = {
    "ct": [dcmread(str(get_testdata_file("CT_small.dcm")))] * 2,
    "report": [Dataset()],
}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    sdk = ModuleType("dcm_processor_service")
    monkeypatch.setattr(sdk, "get_series_dicom", SERIES.get, raising=False)
    monkeypatch.setitem(sys.modules, "dcm_processor_service", sdk)
    yield load("service_module", PACKAGE / "module")
    del sys.modules["service_module"]


def test_the_numbers_are_those_of_all_images_in_rescaled_units(module: ModuleType) -> None:
    result = module.intensity_statistics(
        headers={"_id": "ct"}, params={"percentiles": [5, 50]}, job_name="intensity-statistics"
    )

    image = SERIES["ct"][0]
    values = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
    assert result == {
        "images": 2,
        "values": 2 * values.size,
        "min": values.min(),
        "max": values.max(),
        "mean": pytest.approx(values.mean()),
        "percentiles": {
            "5": pytest.approx(np.percentile(values, 5), abs=1),
            "50": pytest.approx(np.percentile(values, 50), abs=1),
        },
    }


@pytest.mark.parametrize("series", ["report", "nowhere"])
def test_a_series_without_pixels_is_an_error_that_says_so(module: ModuleType, series: str) -> None:
    with pytest.raises(ValueError, match="no instance of the series has pixel data"):
        module.intensity_statistics(headers={"_id": series}, params={"percentiles": []})


@pytest.mark.parametrize(("modality", "runs"), [("CT", True), ("MR", True), ("SR", False)])
def test_it_runs_for_the_modalities_of_its_parameters(modality: str, runs: bool) -> None:
    registry = load("registry_intensity_statistics", PACKAGE / "registry")
    keywords: dict[str, Any] = {
        "session_id": "s",
        "job_name": "intensity-statistics",
        "headers": {"Metadata": {"Modality": modality}},
        "params": {"modalities": ["CT", "MR", "PT"]},
        "added_params": {},
    }

    assert registry.has_modality(**keywords) is runs
