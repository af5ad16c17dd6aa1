"""`storage` of dcm-processor 1: results that a registry callback announces, made DICOM objects and sent.

There a service of the platform did it after all jobs, through Orthanc; here each job's results are sent when its
function has returned, to the destination of the site's configuration that has the name.
"""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["StorageError", "send"]

Json = dict[str, Any]

#: The original's name for the archive when nobody names one.
DEFAULT_DESTINATION = "pac"
_SUCCESS_OR_WARNING = {0x0000, 0xB000, 0xB006, 0xB007}


class StorageError(RuntimeError):
    """A result was not stored; the message says which and why."""


def _say(text: str) -> None:
    print(f"[gantry] storage: {text}", flush=True)


def _reference(data: Path, headers: Json, series: str | None) -> "Dataset":
    """An image of the series that a result belongs to: that series, or the patient's first."""
    from pydicom import dcmread

    chosen = series if series is not None else next(iter(headers["seriesIds"]), None)
    folder = data / headers["dcmpath"] / str(chosen)
    files = sorted(folder.glob("*.dcm")) if chosen is not None else []
    if not files:
        raise StorageError("the series that it belongs to is not of this patient")
    return dcmread(files[0])


def _pdf(path: Path, reference: "Dataset", description: str | None) -> "list[Dataset]":
    from dcm_processor_service import make_pdf_dicom

    document = base64.b64encode(path.read_bytes())
    return [make_pdf_dicom(reference, document, series_description=description)]


def _nifti(path: Path, reference: "Dataset", description: str | None) -> "list[Dataset]":
    import nibabel
    from dcm_processor_service import nifti_to_dicom

    return nifti_to_dicom(
        nibabel.load(path),
        str(reference.get("Modality", "OT")),
        series_description=description or "Processed Information",
        ref_dcm=reference,
    )


def _dicom(path: Path, reference: "Dataset", description: str | None) -> "list[Dataset]":
    """The folder's objects as a new series of the reference's study."""
    from dcm_processor_service import make_series_dicom
    from pydicom import dcmread

    datasets = [dcmread(file) for file in sorted(path.rglob("*")) if file.is_file()]
    return list(make_series_dicom(reference, datasets, series_description=description or ""))


_MAKERS = {"pdf": _pdf, "nifti": _nifti, "dicom": _dicom}


def _set_tags(datasets: "list[Dataset]", tags: Json) -> None:
    """Tags by keyword, or as `gggg,eeee`; private ones are left out."""
    from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
    from pydicom.tag import Tag

    for name, value in tags.items():
        number = tag_for_keyword(name)
        if number is None:
            try:
                number = int(Tag(*(int(part, 16) for part in name.replace("-", ",").split(","))))
            except (TypeError, ValueError, OverflowError):
                number = None
        if number is None or not keyword_for_tag(number):
            _say(f"the tag {name} is unknown, and left out")
            continue
        for dataset in datasets:
            dataset.add_new(number, dictionary_VR(number), value)


def _send(datasets: "list[Dataset]", destination: str) -> None:
    from dcm_processor_service import get_dicom_sender

    classes = sorted({str(dataset.SOPClassUID) for dataset in datasets})
    sender = get_dicom_sender(destination, additional_sops=classes)
    if sender is None:
        raise StorageError(
            f'there is no destination "{destination}"; set it with: gantry destination set {destination}'
        )
    statuses = sender.send_dicom_from_dataset(datasets)
    stored = [status for status in statuses if status.get("Status", 0x0110) in _SUCCESS_OR_WARNING]
    if len(stored) < len(datasets):
        raise StorageError(f'"{destination}" took {len(stored)} of {len(datasets)} objects')


def _store(data: Path, headers: Json, entry: Json) -> None:
    kind = str(entry.get("type", "")).lower()
    path = (data / str(entry.get("path", ""))).resolve()
    if not path.is_relative_to(data.resolve()):
        raise StorageError("its path leads out of DATA")
    maker = _MAKERS.get(kind)
    if maker is None:
        raise StorageError(f'"{kind}" is no type of result; the types are {", ".join(_MAKERS)}')
    if not (path.is_dir() if kind == "dicom" else path.is_file()):
        _say(f"there is no {entry.get('path')}, so nothing of it is sent")
        return
    if not entry.get("permanent"):
        _say(f"{entry.get('path')} is not permanent, so it is sent nowhere")
        return
    tags = entry.get("tags")
    tags = tags if isinstance(tags, dict) else {}
    reference = _reference(data, headers, entry.get("seriesId"))
    datasets = maker(path, reference, tags.get("SeriesDescription"))
    if not datasets:
        raise StorageError("it holds no image")
    _set_tags(datasets, tags)
    destination = str(entry.get("destination") or DEFAULT_DESTINATION)
    _send(datasets, destination)
    _say(f"{len(datasets)} objects sent to {destination}")


def send(data: Path, headers: Json, added: Json) -> None:
    """Sends what the job's added parameters announce; raises StorageError for what was not stored."""
    storage = added.get("storage")
    entries = storage if isinstance(storage, list) else [storage]
    for entry in entries:
        if isinstance(entry, dict):
            try:
                _store(data, headers, entry)
            except StorageError as error:
                raise StorageError(f"storage of {entry.get('path')}: {error}") from None
