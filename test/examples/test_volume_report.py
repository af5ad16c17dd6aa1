"""The example package against the numbers that the example study was made with."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from package_platform import Platform
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.sequence import Sequence

SERIES = ["Ball in water", "CT slice", "MR slice", "RT dose, multi-frame", "Colour"]


def series_named(study: dict[str, Any], description: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in study["series"] if s["description"] == description)
    return found


def take(platform: Platform, study: dict[str, Any]) -> None:
    for name in study["files"]:
        uid = dcmread(name, stop_before_pixels=True).SeriesInstanceUID
        platform.series.setdefault(uid, []).append(Path(name))


def statistics(platform: Platform, uid: str, **params: Any) -> dict[str, Any]:
    result: dict[str, Any] = platform.run(
        "series-statistics",
        "series_statistics",
        headers={"_id": uid, "SeriesInstanceUID": uid},
        params=params,
    )
    return result


def histogram(platform: Platform, uid: str, **params: Any) -> dict[str, Any]:
    result: dict[str, Any] = platform.run(
        "series-histogram",
        "series_histogram",
        headers={"_id": uid, "SeriesInstanceUID": uid},
        params=params,
    )
    return result


@pytest.mark.parametrize("description", SERIES)
def test_statistics_are_those_the_series_was_made_with(
    platform: Platform, study: dict[str, Any], description: str
) -> None:
    take(platform, study)
    series = series_named(study, description)

    result = statistics(platform, series["seriesInstanceUid"], threshold=300)

    assert result == pytest.approx(series["expected"], abs=2e-6)


def test_the_ball_has_the_volume_of_its_voxels(platform: Platform, study: dict[str, Any]) -> None:
    take(platform, study)
    uid = series_named(study, "Ball in water")["seriesInstanceUid"]

    result = statistics(platform, uid, threshold=699)

    # 4/3 pi 1.8^3 = 24.4 ml, in voxels of 0.016 ml.
    assert result["volumeMl"] == pytest.approx(24.4, rel=0.05)
    assert result["volumeMl"] == pytest.approx(result["voxelsAboveThreshold"] * 0.016)


@pytest.mark.parametrize("description", SERIES)
def test_the_histogram_counts_every_voxel_over_the_range_of_the_session_data(
    platform: Platform, study: dict[str, Any], description: str
) -> None:
    take(platform, study)
    series = series_named(study, description)
    uid = series["seriesInstanceUid"]
    statistics(platform, uid, threshold=300)

    result = histogram(platform, uid, bins=8)

    assert result["rangeFrom"] == "session data"
    assert result["range"] == [series["expected"]["min"], series["expected"]["max"]]
    assert len(result["counts"]) == 8
    assert sum(result["counts"]) == series["expected"]["voxels"]


def test_the_histogram_finds_its_range_itself_without_session_data(
    platform: Platform, study: dict[str, Any]
) -> None:
    take(platform, study)
    series = series_named(study, "CT slice")

    result = histogram(platform, series["seriesInstanceUid"])

    assert result["rangeFrom"] == "pixels"
    assert sum(result["counts"]) == series["expected"]["voxels"]


def test_the_report_has_a_row_per_series_with_pixels_and_totals(
    platform: Platform, study: dict[str, Any]
) -> None:
    take(platform, study)
    expected = [series_named(study, description) for description in SERIES]

    result = platform.run(
        "study-report",
        "study_report",
        headers={"_id": "study", "Series": [s["seriesInstanceUid"] for s in study["series"]]},
        params={"threshold": 300},
    )

    assert [row["description"] for row in result["rows"]] == SERIES
    assert [row["mean"] for row in result["rows"]] == pytest.approx(
        [series["expected"]["mean"] for series in expected], abs=2e-6
    )
    assert result["totals"]["series"] == 5
    assert result["totals"]["seriesWithoutPixels"] == 1
    assert result["totals"]["instances"] == 16
    assert result["totals"]["frames"] == 30
    assert result["totals"]["volumeMl"] == pytest.approx(
        sum(series["expected"]["volumeMl"] or 0 for series in expected), abs=5e-6
    )
    assert len(result["table"].splitlines()) == 7


def test_frames_of_enhanced_images_are_rescaled_each_by_its_own_group(platform: Platform) -> None:
    from service_module.geometry import planes_of, voxel_volume_ml  # type: ignore[import-not-found]
    from service_module.pixels import frames_of  # type: ignore[import-not-found]

    path = get_testdata_file("rtdose.dcm", download=False)
    dataset = dcmread(str(path))
    stored = dataset.pixel_array.copy()
    for keyword in ("DoseGridScaling", "GridFrameOffsetVector", "PixelSpacing"):
        delattr(dataset, keyword)
    dataset.SharedFunctionalGroupsSequence = Sequence([Dataset()])
    measures = Dataset()
    measures.PixelSpacing = [2.0, 3.0]
    measures.SliceThickness = 9.0
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = Sequence([measures])
    orientation = Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = Sequence([orientation])
    groups = []
    for frame in range(int(dataset.NumberOfFrames)):
        group, rescale, position = Dataset(), Dataset(), Dataset()
        rescale.RescaleSlope = frame + 1
        rescale.RescaleIntercept = -frame
        position.ImagePositionPatient = [0, 0, 5 * frame]
        group.PixelValueTransformationSequence = Sequence([rescale])
        group.PlanePositionSequence = Sequence([position])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)

    frames = frames_of(dataset)

    assert frames[3, 2, 1] == pytest.approx(stored[3, 2, 1] * 4.0 - 3)
    assert frames[0, 0, 0] == pytest.approx(float(stored[0, 0, 0]))
    # 2 mm x 3 mm, and planes 5 mm apart whatever the slices' thickness.
    assert voxel_volume_ml(planes_of(dataset)) == pytest.approx(0.030)


@pytest.mark.parametrize(
    "name", ["examples_palette.dcm", "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_rle_2frame.dcm"]
)
def test_colour_images_of_every_kind_become_luminance(platform: Platform, name: str) -> None:
    from service_module.pixels import frames_of

    dataset = dcmread(str(get_testdata_file(name, download=False)))

    frames = frames_of(dataset)

    assert frames.shape == (int(dataset.get("NumberOfFrames", 1)), dataset.Rows, dataset.Columns)
    assert 0 <= frames.min() < frames.max() <= 65535


@pytest.mark.parametrize(
    ("modality", "runs"), [("CT", True), ("MR", True), ("SR", False), (None, False)]
)
def test_series_jobs_run_for_modalities_with_pixels(
    registry: ModuleType, modality: str | None, runs: bool
) -> None:
    metadata = {} if modality is None else {"Modality": modality}

    answer = registry.has_pixels(
        session_id="s", job_name="j", headers={"Metadata": metadata}, params={}, added_params={}
    )

    assert bool(answer[0]) is runs


@pytest.mark.parametrize(
    ("modalities", "runs"), [(["SR", "CT"], True), ("MR", True), (["SR"], False), (None, False)]
)
def test_the_report_runs_for_studies_with_such_a_series(
    registry: ModuleType, modalities: Any, runs: bool
) -> None:
    headers = {"Metadata": {"ModalitiesInStudy": modalities}}

    answer = registry.study_has_pixels(
        session_id="s", job_name="j", headers=headers, params={}, added_params={}
    )

    assert answer is runs
