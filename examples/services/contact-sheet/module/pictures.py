"""What one job leaves for the next travels as session files: jobs may run on different computers."""

import base64
import io
from typing import Any

import numpy as np
from dcm_processor_service import (
    download_session_file,
    get_dicom_sender,
    get_series_dicom,
    make_pdf_dicom,
    upload_session_file,
)
from PIL import Image


def series_picture(headers: dict[str, Any], params: dict[str, Any], **_: Any) -> dict[str, int]:
    """Leaves the middle image of the series, from its darkest to its brightest value."""
    datasets = get_series_dicom(str(headers["_id"])) or []
    middle = datasets[len(datasets) // 2]
    pixels = np.asarray(middle.pixel_array, dtype=np.float64)
    # Of several frames the middle one; of colours their mean.
    if pixels.ndim > 2 and pixels.shape[-1] == 3:
        pixels = pixels.mean(axis=-1)
    if pixels.ndim > 2:
        pixels = pixels[len(pixels) // 2]
    span = float(np.ptp(pixels)) or 1.0
    grey = ((pixels - pixels.min()) / span * 255).astype(np.uint8)
    picture = Image.fromarray(grey)
    picture.thumbnail((params["size"], params["size"]))
    file = io.BytesIO()
    picture.save(file, "PNG")
    upload_session_file(file, "picture", content_type="image/png", ext=".png")
    return {"width": picture.width, "height": picture.height}


def contact_sheet(headers: dict[str, Any], **_: Any) -> dict[str, int]:
    """Leaves a PDF with a page for each picture that the jobs of the study's series left."""
    pages = []
    for series in headers["Series"]:
        file = download_session_file("picture", job_name="series-picture", object_id=series)
        if isinstance(file, io.BytesIO):
            pages.append(Image.open(file).convert("RGB"))
    document = io.BytesIO()
    pages[0].save(document, "PDF", save_all=True, append_images=pages[1:])
    upload_session_file(document, "sheet", content_type="application/pdf", ext=".pdf")
    return {"pages": len(pages)}


def report(headers: dict[str, Any], params: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The sheet as a DICOM object of the study, sent to the destination if there is one."""
    sheet = download_session_file("sheet", job_name="contact-sheet")
    if not isinstance(sheet, io.BytesIO):
        raise RuntimeError("the job contact-sheet left no sheet")
    document = sheet.getvalue()
    datasets = get_series_dicom(headers["Series"][0]) or []
    result = make_pdf_dicom(datasets[0], base64.b64encode(document), "Contact sheet")
    sender = get_dicom_sender(params["destination"]) if params["destination"] else None
    if params["destination"] and sender is None:
        raise RuntimeError(f"there is no destination {params['destination']}")
    statuses = sender.send_dicom_from_dataset([result]) if sender else []
    return {"bytes": len(document), "sent": [int(status.Status) for status in statuses]}
