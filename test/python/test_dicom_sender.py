"""Sending to a real receiver: what arrives is what was sent."""

import base64
import copy
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dcm_processor_service as sdk
import nibabel
import numpy as np
import pytest
from dcm_processor_service.dicom_sender import REQUESTED_SOP_CLASSES
from job_endpoint import JobEndpoint
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    NuclearMedicineImageStorage,
)
from pynetdicom.transport import AssociationSocket
from receiver import Receiver

TLS = Path(__file__).parent.parent / "fixtures" / "tls"
FILES = ("CT_small.dcm", "MR_small.dcm")

Receive = Callable[..., Receiver]


@pytest.fixture
def receive() -> Iterator[Receive]:
    receivers: list[Receiver] = []

    def start(**how: Any) -> Receiver:
        receivers.append(Receiver(**how))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.server.shutdown()


def sender_to(receiver: Receiver, **how: Any) -> sdk.DicomSender:
    return sdk.DicomSender("GANTRY", "127.0.0.1", receiver.port, "PACS", **how)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "results"
    (target / "below").mkdir(parents=True)
    for name in FILES:
        shutil.copy(str(get_testdata_file(name)), target / name)
    (target / "notes.txt").write_text("not an image")
    shutil.copy(str(get_testdata_file(FILES[0])), target / "below" / "not-sent.dcm")
    return target


def originals() -> list[Dataset]:
    return [dcmread(str(get_testdata_file(name))) for name in FILES]


def test_a_folder_arrives_as_it_is(folder: Path, receive: Receive) -> None:
    receiver = receive()

    statuses = sender_to(receiver).send_dicom_from_path(folder)

    assert [status.Status for status in statuses] == [0, 0]
    assert receiver.received == originals()
    assert receiver.titles == [("GANTRY", "PACS")]


def test_a_filter_leaves_datasets_out(folder: Path, receive: Receive) -> None:
    receiver = receive()

    statuses = sender_to(receiver).send_dicom_from_path(folder, lambda ds: ds.Modality == "MR")

    assert len(statuses) == 1
    assert receiver.received == originals()[1:]


def test_files_are_sent_in_the_order_of_the_list(folder: Path, receive: Receive) -> None:
    receiver = receive()

    sender_to(receiver).send_dicom_from_filelist([folder / FILES[1], str(folder / FILES[0])])

    assert receiver.received == originals()[::-1]


def test_a_file_that_is_no_dicom_raises_and_the_association_is_released(
    folder: Path, receive: Receive
) -> None:
    receiver = receive()
    with pytest.raises(Exception, match="missing DICOM File Meta"):
        sender_to(receiver).send_dicom_from_filelist([folder / FILES[0], folder / "notes.txt"])
    assert len(receiver.received) == 1


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_datasets_are_converted_between_uncompressed_syntaxes(
    syntax: str, receive: Receive
) -> None:
    receiver = receive(syntaxes=[syntax])
    given = originals()

    statuses = sender_to(receiver).send_dicom_from_dataset(given)

    assert [status.Status for status in statuses] == [0, 0]
    assert receiver.received == given == originals()
    assert {one.file_meta.TransferSyntaxUID for one in receiver.received} == {syntax}
    assert [one.file_meta.TransferSyntaxUID for one in given] == [ExplicitVRLittleEndian] * 2


def test_a_dataset_that_was_never_a_file_can_be_sent(receive: Receive) -> None:
    receiver = receive()
    made = Dataset()
    made.update(originals()[0])

    sender_to(receiver).send_dicom_from_dataset([made])

    assert receiver.received == [made]
    assert not hasattr(made, "file_meta")


def test_what_a_dicomdir_names_arrives(folder: Path, tmp_path: Path, receive: Receive) -> None:
    receiver = receive()
    files = FileSet()
    for name in FILES:
        files.add(folder / name)
    files.write(tmp_path / "media")

    statuses = sender_to(receiver).send_dicom_from_dicomdir(tmp_path / "media" / "DICOMDIR")

    assert [status.Status for status in statuses] == [0, 0]
    by_modality = {one.Modality: one for one in receiver.received}
    assert by_modality == {one.Modality: one for one in originals()}


def test_results_arrive_as_they_were_made(receive: Receive) -> None:
    receiver = receive()
    (reference, _) = originals()
    volume = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(5, 4, 3), np.eye(4))
    results = [
        sdk.make_pdf_dicom(reference, base64.b64encode(b"%PDF-1.4")),
        *sdk.nifti_to_dicom(volume, "CT", ref_dcm=reference),
        *sdk.nifti_to_dicom(volume, "MR", ref_dcm=reference),
    ]

    statuses = sender_to(receiver).send_dicom_from_dataset(results)

    assert [status.Status for status in statuses] == [0] * 7
    assert receiver.received == results


def test_a_class_that_is_not_accepted_has_a_status_and_the_rest_is_sent(
    receive: Receive, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = receive(classes=[originals()[1].SOPClassUID])

    statuses = sender_to(receiver).send_dicom_from_dataset(originals())

    assert [status.Status for status in statuses] == [0xC001, 0]
    assert len(receiver.received) == 1
    assert "CT Image Storage" in capsys.readouterr().out


def test_further_classes_and_syntaxes_can_be_offered(receive: Receive) -> None:
    compressed = dcmread(str(get_testdata_file("MR_small_jp2klossless.dcm")))
    nuclear = copy.deepcopy(compressed)
    nuclear.SOPClassUID = nuclear.file_meta.MediaStorageSOPClassUID = NuclearMedicineImageStorage
    receiver = receive(
        classes=[*REQUESTED_SOP_CLASSES, NuclearMedicineImageStorage],
        syntaxes=[ExplicitVRLittleEndian, JPEG2000Lossless],
    )

    plain = sender_to(receiver).send_dicom_from_dataset([compressed])
    wider = sender_to(
        receiver,
        additional_sops=[NuclearMedicineImageStorage],
        additional_syntaxes=[JPEG2000Lossless],
    ).send_dicom_from_dataset([compressed, nuclear, originals()[0]])

    assert [status.Status for status in plain] == [0xC001]
    assert [status.Status for status in wider] == [0, 0, 0]
    assert receiver.received == [compressed, nuclear, originals()[0]]


def test_a_refusal_is_in_the_status(receive: Receive) -> None:
    statuses = sender_to(receive(status=0xA700)).send_dicom_from_dataset(originals())

    assert [status.Status for status in statuses] == [0xA700, 0xA700]


def test_after_an_abort_each_dataset_has_an_empty_status(receive: Receive) -> None:
    receiver = receive(abort_after=1)

    statuses = sender_to(receiver).send_dicom_from_dataset([*originals(), *originals()])

    assert [status.get("Status") for status in statuses] == [0, None, None, None]


def test_without_a_receiver_nothing_is_sent_and_the_log_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        sender = sdk.DicomSender("GANTRY", "127.0.0.1", taken.getsockname()[1], "PACS")
        assert sender.send_dicom_from_dataset(originals()) == []
        assert sender.send_echo() is None
    assert "cannot be reached" in capsys.readouterr().out


def test_a_wrong_title_is_rejected_and_the_log_says_so(
    receive: Receive, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = sdk.DicomSender("GANTRY", "127.0.0.1", receive().port, "ELSEWHERE")

    assert sender.send_dicom_from_dataset(originals()) == []
    assert "rejected" in capsys.readouterr().out


def test_a_rejection_is_called_one_on_a_busy_computer_too(
    receive: Receive, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class LateEvent(threading.Event):
        """Lets its waiter go on when the peer has long answered."""

        def wait(self, timeout: float | None = None) -> bool:
            happened = super().wait(timeout)
            time.sleep(0.3)
            return happened

    open_socket = AssociationSocket.__init__

    def late_socket(self: AssociationSocket, *args: Any, **kwargs: Any) -> None:
        open_socket(self, *args, **kwargs)
        if not self._ready.is_set():
            self._ready = LateEvent()

    receiver = receive()
    monkeypatch.setattr(AssociationSocket, "__init__", late_socket)
    sender = sdk.DicomSender("GANTRY", "127.0.0.1", receiver.port, "ELSEWHERE")

    assert sender.send_echo() is None
    assert "rejected" in capsys.readouterr().out


def test_an_echo_is_answered(receive: Receive) -> None:
    status = sender_to(receive()).send_echo()
    assert status is not None
    assert status.Status == 0


def test_tls_is_spoken_with_a_receiver_that_can_be_trusted(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    receiver = receive(tls=context)

    assert sender_to(receiver, enable_tls=True).send_echo() is None
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "certificate.pem"))
    statuses = sender_to(receiver, enable_tls=True).send_dicom_from_dataset(originals())

    assert [status.Status for status in statuses] == [0, 0]
    assert receiver.received == originals()


def test_the_sender_of_a_peer_calls_it_as_it_is_configured(
    endpoint: JobEndpoint, receive: Receive
) -> None:
    receiver = receive()
    endpoint.peer = {"_id": "1", "name": "archive", "aet": "PACS", "calling_aet": "GANTRY2"}
    endpoint.peer |= {"host": "127.0.0.1", "port": receiver.port, "tls": False}

    sender = sdk.get_dicom_sender("archive")

    assert sender is not None
    assert sender.send_dicom_from_dataset(originals())[1].Status == 0
    assert receiver.titles == [("GANTRY2", "PACS")]
    assert sdk.get_dicom_sender("nowhere") is None


def test_the_platform_is_told_what_was_sent_where(
    folder: Path, endpoint: JobEndpoint, receive: Receive
) -> None:
    receiver = receive(classes=[REQUESTED_SOP_CLASSES[0]])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = sdk.DicomSender("GANTRY", "127.0.0.1", taken.getsockname()[1], "PACS")
        sender_to(receiver).send_dicom_from_path(folder)
        nobody.send_dicom_from_path(folder)

    where = {"aeTitle": "PACS", "host": "127.0.0.1"}
    assert endpoint.transfers == [
        {**where, "port": receiver.port, "established": True, "stored": 1, "failed": 1},
        {**where, "port": nobody.port, "established": False, "stored": 0, "failed": 0},
    ]


def test_what_was_sent_counts_although_the_platform_cannot_be_told(
    folder: Path, endpoint: JobEndpoint, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANTRY_JOB_TOKEN", "another")

    statuses = sender_to(receive()).send_dicom_from_path(folder)

    assert [status.Status for status in statuses] == [0, 0]
    assert endpoint.transfers == []


def test_there_is_no_sender_to_a_peer_without_a_host(endpoint: JobEndpoint) -> None:
    endpoint.peer = {"_id": "1", "name": "CT01", "host": None, "port": None}

    assert sdk.get_dicom_sender() is None
    assert sdk.get_peer() == endpoint.peer


def test_dcmtk_receives_what_was_sent(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = tmp_path / "received"
    target.mkdir()
    with subprocess.Popen(["storescp", "-aet", "PACS", "-od", str(target), str(port)]) as process:
        try:
            sender = sdk.DicomSender("GANTRY", "127.0.0.1", port, "PACS")
            while sender.send_echo() is None:
                assert process.poll() is None
            statuses = sender.send_dicom_from_path(folder)
        finally:
            process.terminate()
    assert [status.Status for status in statuses] == [0, 0]
    received = {str(one.Modality): one for one in map(dcmread, target.iterdir())}
    for original in originals():
        # DCMTK does not store padding (PS3.10 section 7.2).
        del original["DataSetTrailingPadding"]
        assert Dataset(received[str(original.Modality)]) == Dataset(original)
