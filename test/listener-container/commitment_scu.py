"""A storage commitment SCU: asks, and prints as JSON what it was answered and what was reported.

Arguments: port, called and calling AE title, `same` or the port to listen on for a new association,
then pairs of SOP class and instance UID. With SCU_CERTIFICATE and SCU_KEY it listens by TLS.
"""

import json
import os
import queue
import ssl
import sys
import threading

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

INSTANCE = "1.2.840.10008.1.20.1.1"
WAIT_S = 20


def tls_context() -> ssl.SSLContext | None:
    """That of the files that the environment names; None without any."""
    if "SCU_CERTIFICATE" not in os.environ:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.environ["SCU_CERTIFICATE"], os.environ["SCU_KEY"])
    return context


def main() -> None:
    port, called, calling, where, *uids = sys.argv[1:]
    reports: queue.Queue[dict[str, object]] = queue.Queue()
    transaction = generate_uid()

    def on_report(event: evt.Event) -> tuple[int, Dataset | None]:
        info = event.event_information
        reports.put(
            {
                "ownTransaction": info.TransactionUID == transaction,
                "eventType": event.event_type,
                "callingAeTitle": event.assoc.requestor.ae_title,
                "committed": [
                    [i.ReferencedSOPClassUID, i.ReferencedSOPInstanceUID]
                    for i in info.get("ReferencedSOPSequence", [])
                ],
                "failed": [
                    [i.ReferencedSOPInstanceUID, i.FailureReason]
                    for i in info.get("FailedSOPSequence", [])
                ],
            }
        )
        return 0x0000, None

    closed = threading.Event()
    handlers: list[evt.EventHandlerType] = [(evt.EVT_N_EVENT_REPORT, on_report)]
    ae = AE(ae_title=calling)
    ae.add_requested_context(StorageCommitmentPushModel)
    # As the acceptor of the report's association it stays the SCU.
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    server = None
    if where != "same":
        server = ae.start_server(
            ("127.0.0.1", int(where)),
            block=False,
            ssl_context=tls_context(),
            evt_handlers=[*handlers, (evt.EVT_CONN_CLOSE, lambda _: closed.set())],
        )

    action = Dataset()
    action.TransactionUID = transaction
    action.ReferencedSOPSequence = []
    for sop_class, sop_instance in zip(uids[::2], uids[1::2], strict=True):
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = sop_instance
        action.ReferencedSOPSequence.append(item)

    association = ae.associate("127.0.0.1", int(port), ae_title=called, evt_handlers=handlers)
    if not association.is_established:
        print(json.dumps({"status": None}))
        return
    status, _ = association.send_n_action(action, 1, StorageCommitmentPushModel, INSTANCE)
    if server is not None:
        association.release()
    report = reports.get(timeout=WAIT_S)
    if association.is_established:
        association.release()
    if server is not None:
        closed.wait(WAIT_S)
        server.shutdown()
    print(json.dumps({"status": status.Status, "report": report}))


main()
