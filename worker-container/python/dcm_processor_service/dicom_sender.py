"""Sends DICOM to a destination of the site's configuration, with C-STORE (PS3.4 annex B).

Every method opens an association of its own and returns a list with one status dataset for each data
set that it had to send: `Status` 0x0000 is success. A data set for which the receiver accepted no
presentation context has 0xC001; one that was sent without an answer, or not at all because the
association had ended, has an empty dataset. Without an association the list is empty, and the log of
the job says why.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .transfers import report_transfer

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

__all__ = ["REQUESTED_SOP_CLASSES", "STATUS_CONTEXT_NOT_ACCEPTED", "DicomSender"]

REQUESTED_SOP_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image Storage
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image Storage
    "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture Image Storage
    "1.2.840.10008.5.1.4.1.1.104.1",  # Encapsulated PDF Storage
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation Storage
    "1.2.840.10008.5.1.4.1.1.481.3",  # RT Structure Set Storage
    "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map Storage
    "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR Storage
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR Storage
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR Storage
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR Storage
)
_VERIFICATION = "1.2.840.10008.1.1"
_IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

STATUS_CONTEXT_NOT_ACCEPTED = 0xC001
# PS3.4 annex B.2.3: 0xBxxx says that it was stored, with something to remark.
_WARNING = 0xB

# PS3.8 section 9.3.2.2: the ids of the presentation contexts of an association are odd bytes.
_MAX_CONTEXTS = 128
_ACSE_SECONDS = 30
# A receiver may write an image to a slow disk before it answers.
_DIMSE_SECONDS = 120

FilterCallback = Callable[["Dataset"], Any]


def _say(text: str) -> None:
    print(text, flush=True)


def _with_transfer_syntax(dataset: "Dataset") -> "Dataset":
    """A data set that was made and never stored has none: the uncompressed one is meant."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    if getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None):
        return dataset
    sent = Dataset(dataset)
    sent.file_meta = FileMetaDataset()
    sent.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    return sent


def _files_of(folder: str | os.PathLike[str]) -> "Iterator[Dataset]":
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    for path in sorted(Path(folder).iterdir()):
        if not path.is_file():
            continue
        try:
            dataset = dcmread(path)
        except (InvalidDicomError, OSError):
            continue
        if "SOPClassUID" in dataset:
            yield dataset


def _records_of(filename: str | os.PathLike[str]) -> "Iterator[Dataset]":
    from pydicom import dcmread
    from pydicom.multival import MultiValue

    base = Path(filename).parent
    for record in dcmread(filename).DirectoryRecordSequence:
        if "ReferencedFileID" not in record:
            continue
        names = record.ReferencedFileID
        yield dcmread(base.joinpath(*(names if isinstance(names, MultiValue) else [names])))


class DicomSender:
    """A sender to one destination; `get_dicom_sender` makes it from the configuration.

    Offered are the SOP classes of `REQUESTED_SOP_CLASSES` and `additional_sops`, uncompressed; with
    `additional_syntaxes` also each of those transfer syntaxes. Between uncompressed ones a data set is
    converted; a compressed one is sent as it is or not at all.
    """

    def __init__(
        self,
        ae_title: str,
        server_host: str,
        server_port: int,
        server_ae_title: str | None = None,
        enable_tls: bool = False,
        additional_sops: Iterable[str] | None = None,
        additional_syntaxes: Iterable[str] | None = None,
    ) -> None:
        """`ae_title` is the calling AE title, `server_ae_title` the called one.

        With `enable_tls` the certificate of the server has to be one that this computer trusts.
        """
        from pynetdicom import AE

        self.ae_title = server_ae_title or "ANY-SCP"
        self.host = server_host
        self.port = server_port
        self.enable_tls = enable_tls
        self.app_entity = AE(ae_title=ae_title)
        self.app_entity.acse_timeout = _ACSE_SECONDS
        self.app_entity.connection_timeout = _ACSE_SECONDS
        self.app_entity.dimse_timeout = _DIMSE_SECONDS
        self.app_entity.network_timeout = _DIMSE_SECONDS
        uncompressed = [_EXPLICIT_LITTLE_ENDIAN, _IMPLICIT_LITTLE_ENDIAN]
        others = [
            one for one in dict.fromkeys(additional_syntaxes or []) if one not in uncompressed
        ]
        classes = dict.fromkeys([*REQUESTED_SOP_CLASSES, *(additional_sops or [])])
        # A context of its own for each while they fit: of those in one the receiver takes only one.
        fit = len(classes) * (1 + len(others)) < _MAX_CONTEXTS
        groups = [[syntax] for syntax in others] if fit else [others]
        for sop_class in classes:
            for syntaxes in [uncompressed, *groups]:
                self.app_entity.add_requested_context(sop_class, syntaxes)
        self.app_entity.add_requested_context(_VERIFICATION)

    @contextmanager
    def _association(self) -> "Iterator[Association | None]":
        from pynetdicom import evt

        where = f"{self.ae_title} at {self.host}:{self.port}"
        tls: dict[str, Any] = {}
        if self.enable_tls:
            import ssl

            tls["tls_args"] = (ssl.create_default_context(), self.host)
        # pynetdicom calls a rejection an abort when the connection is closed before the thread that asked for the
        # association has seen that it was open, as happens on a busy computer: so it is told by the PDU that came.
        received: list[str] = []
        association = self.app_entity.associate(
            self.host,
            self.port,
            ae_title=self.ae_title,
            evt_handlers=[
                (evt.EVT_PDU_RECV, lambda event: received.append(type(event.pdu).__name__))
            ],
            **tls,
        )
        if not association.is_established:
            rejected = "A_ASSOCIATE_RJ" in received
            how = "rejected the association" if rejected else "cannot be reached"
            _say(f"Error: {where} {how}; nothing was sent.")
            yield None
            return
        try:
            yield association
        finally:
            if association.is_established:
                association.release()

    def _store(self, association: "Association", dataset: "Dataset") -> "Dataset":
        from pydicom.dataset import Dataset

        sent = _with_transfer_syntax(dataset)
        sop_class = sent.SOPClassUID
        contexts = [
            one for one in association.accepted_contexts if one.abstract_syntax == sop_class
        ]
        syntax = sent.file_meta.TransferSyntaxUID
        accepted = [one.transfer_syntax[0] for one in contexts]
        fits = syntax in accepted or (
            not syntax.is_compressed
            and syntax.is_little_endian
            and any(not one.is_compressed and one.is_little_endian for one in accepted)
        )
        if not fits:
            _say(
                f"Error: the receiver did not accept any presentation context for {sop_class.name}"
                f" in {syntax.name}."
            )
            status = Dataset()
            status.Status = STATUS_CONTEXT_NOT_ACCEPTED
            return status
        status = association.send_c_store(sent)
        if "Status" not in status:
            _say(f"Error: no valid answer to {sent.SOPInstanceUID}: timed out or aborted.")
        elif status.Status != 0:
            _say(f"C-STORE of {sent.SOPInstanceUID} ended with status 0x{status.Status:04X}.")
        return status

    def _send(
        self, datasets: "Iterable[Dataset]", filter_callback: FilterCallback | None
    ) -> "list[Dataset]":
        from pydicom.dataset import Dataset

        statuses: list[Dataset] = []
        with self._association() as association:
            if association is None:
                self._report(statuses, established=False)
                return statuses
            try:
                # Told by the answers: the association itself may take a while to know that it was aborted.
                ended = False
                for dataset in datasets:
                    if filter_callback is not None and not filter_callback(dataset):
                        continue
                    if ended or not association.is_established:
                        _say(
                            f"Error: {dataset.SOPInstanceUID} was not sent: the association has ended."
                        )
                        statuses.append(Dataset())
                        continue
                    statuses.append(self._store(association, dataset))
                    ended = "Status" not in statuses[-1]
            finally:
                self._report(statuses, established=True)
        return statuses

    def _report(self, statuses: "list[Dataset]", *, established: bool) -> None:
        codes = [status.get("Status") for status in statuses]
        stored = sum(code is not None and (code == 0 or code >> 12 == _WARNING) for code in codes)
        report_transfer(
            self.ae_title,
            self.host,
            self.port,
            established=established,
            stored=stored,
            failed=len(codes) - stored,
        )

    def send_dicom_from_path(
        self, path: str | os.PathLike[str], filter_callback: FilterCallback | None = None
    ) -> "list[Dataset]":
        """Sends the DICOM files of a folder, not of folders in it, in the order of their names.

        Files that are no DICOM are left out, and those whose dataset `filter_callback` answers with
        something false.
        """
        return self._send(_files_of(path), filter_callback)

    def send_dicom_from_filelist(
        self,
        filelist: Iterable[str | os.PathLike[str]],
        filter_callback: FilterCallback | None = None,
    ) -> "list[Dataset]":
        """Sends these files. Raises pydicom's InvalidDicomError for one that is no DICOM."""
        from pydicom import dcmread

        return self._send((dcmread(name) for name in filelist), filter_callback)

    def send_dicom_from_dataset(
        self, datasets: "Iterable[Dataset]", filter_callback: FilterCallback | None = None
    ) -> "list[Dataset]":
        """Sends these pydicom datasets, and leaves them as they are."""
        return self._send(datasets, filter_callback)

    def send_dicom_from_dicomdir(
        self, filename: str | os.PathLike[str], filter_callback: FilterCallback | None = None
    ) -> "list[Dataset]":
        """Sends the files that a DICOMDIR names, in its order."""
        return self._send(_records_of(filename), filter_callback)

    def send_echo(self) -> "Dataset | None":
        """The status dataset of a C-ECHO; None without an association."""
        with self._association() as association:
            return None if association is None else association.send_c_echo()
