"""Sends one C-ECHO over TLS with pynetdicom; prints its status, or what it ended with.

Arguments: port, CA, and for mutual TLS the client's certificate and key.
"""

import ssl
import sys

from pynetdicom import AE, evt
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

port, ca, *client = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
if client:
    context.load_cert_chain(client[0], client[1])
ae = AE(ae_title="PEER")
ae.add_requested_context(Verification)
# What came counts, not what pynetdicom makes of it: it calls a rejection an abort when the connection is closed before
# the thread that asked for the association has seen that it was open, as happens on a busy computer.
rejections = []


def note(event: evt.Event) -> None:
    if isinstance(event.pdu, A_ASSOCIATE_RJ):
        rejections.append(event.pdu)


association = ae.associate(
    "127.0.0.1",
    int(port),
    ae_title="GANTRY",
    tls_args=(context, "127.0.0.1"),
    evt_handlers=[(evt.EVT_PDU_RECV, note)],
)
if association.is_established:
    print(association.send_c_echo().Status)
    association.release()
else:
    print("rejected" if rejections else "aborted")
