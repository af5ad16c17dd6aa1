"""Prints, for each file that pydicom bundles, where its data set begins and what pydicom reads of it."""

import gzip
import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataelem import DataElement
from pydicom.filereader import _read_file_meta_info, read_preamble

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def expected(keyword: str, element: DataElement) -> Any:
    """The element's value as dcm-processor's headers have it; None when it has none."""
    values = list(element.value) if element.VM > 1 else [element.value]
    if keyword == "PatientAge":
        digits = "".join(c for v in values for c in str(v) if c.isdigit())
        return int(digits) if digits else None
    if element.VR == "PN":
        values = [next((g for g in str(v).split("=") if g), "") for v in values]
    elif element.VR == "IS":
        values = [v if isinstance(v, str) else int(v) for v in values]
    elif element.VR == "DS":
        values = [v if isinstance(v, str) else float(v) for v in values]
    else:
        values = [str(v) for v in values]
    return values if len(values) > 1 else values[0]


def describe(path: Path, keywords: list[str]) -> dict[str, Any]:
    """What pydicom finds in one file. A file without meta information is taken for what pydicom guesses."""
    with path.open("rb") as file:
        read_preamble(file, force=True)
        _read_file_meta_info(file)
        offset = file.tell()
    dataset = pydicom.dcmread(path, force=True, defer_size=1024)
    meta = getattr(dataset, "file_meta", None)
    syntax = meta.get("TransferSyntaxUID") if meta is not None else None
    implicit, little = dataset.original_encoding
    if syntax is None:
        syntax = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
        syntax = syntax if little else "1.2.840.10008.1.2.2"
    attributes: dict[str, Any] = {}
    for keyword in keywords:
        if keyword in dataset and not dataset[keyword].is_empty:
            value = expected(keyword, dataset[keyword])
            if value not in (None, ""):
                attributes[keyword] = value
    return {
        "path": str(path),
        "offset": offset,
        "transferSyntax": syntax,
        "attributes": attributes,
        "wholeName": str(dataset.get("PatientName", "")),
    }


def is_dicom(path: Path) -> bool:
    """Whether it says so: by its name, for some have no preamble, or by its preamble, for some have no suffix."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return path.suffix == ".dcm" or file.read(132)[128:] == b"DICM"


def unpacked(path: Path) -> Path:
    """The file inside a compressed one, in a temporary folder whose files are found again by their names."""
    if path.suffix != ".gz":
        return path
    folder = Path(tempfile.gettempdir()) / "gantry-pydicom-files"
    folder.mkdir(exist_ok=True)
    file = folder / path.stem
    # Several processes may do this at once: each reads a whole file.
    part = Path(tempfile.mkstemp(dir=folder)[1])
    part.write_bytes(gzip.decompress(path.read_bytes()))
    return part.replace(file)


def main() -> None:
    """Arguments: the keywords. Output: a JSON list."""
    data = Path(pydicom.__file__).parent / "data"
    files = [unpacked(path) for path in sorted(data.rglob("*"))]
    found = [describe(path, sys.argv[1:]) for path in files if is_dicom(path)]
    json.dump(found, sys.stdout)


main()
