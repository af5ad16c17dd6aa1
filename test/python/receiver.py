"""A storage SCP that keeps what it is sent."""

import ssl
from typing import Any

from dcm_processor_service.dicom_sender import REQUESTED_SOP_CLASSES
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]


class Receiver:
    """Keeps what it is sent; `status` is what it answers."""

    def __init__(
        self,
        *,
        syntaxes: list[str] | None = None,
        classes: list[str] | None = None,
        status: int = 0,
        abort_after: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.received: list[Dataset] = []
        self.titles: list[tuple[str, str]] = []
        self.status = status
        self.abort_after = abort_after
        entity = AE(ae_title="PACS")
        entity.require_called_aet = True
        for sop_class in classes if classes is not None else REQUESTED_SOP_CLASSES:
            entity.add_supported_context(
                sop_class, syntaxes or [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
            )
        entity.add_supported_context(Verification)
        self.server: Any = entity.start_server(
            ("127.0.0.1", 0),
            block=False,
            evt_handlers=[(evt.EVT_C_STORE, self.store), (evt.EVT_ACCEPTED, self.accepted)],
            ssl_context=tls,
        )
        self.port: int = self.server.server_address[1]

    def accepted(self, event: evt.Event) -> None:
        requestor = event.assoc.requestor
        self.titles.append((requestor.ae_title, str(requestor.primitive.called_ae_title)))

    def store(self, event: evt.Event) -> int:
        if self.abort_after is not None and len(self.received) == self.abort_after:
            event.assoc.abort()
            return 0
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        self.received.append(dataset)
        return self.status
