"""Sends one C-ECHO and one file with pynetdicom, over TLS if a CA is named; prints both statuses.

Arguments: port, file, and for TLS the CA, the client's certificate and its key.
"""

import ssl
import sys

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

port, path, *tls = sys.argv[1:]
tls_args = None
if tls:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=tls[0])
    context.load_cert_chain(tls[1], tls[2])
    tls_args = (context, "127.0.0.1")
dataset = dcmread(path)
ae = AE(ae_title="PYNETDICOM")
ae.add_requested_context(Verification)
ae.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
association = ae.associate("127.0.0.1", int(port), ae_title="GANTRY", tls_args=tls_args)
if association.is_established:
    print(association.send_c_echo().Status, association.send_c_store(dataset).Status)
    association.release()
else:
    print("no association")
