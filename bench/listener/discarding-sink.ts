/**
 * A program: the least that a receiver can do. It accepts what is proposed first, looks at nothing but the lengths
 * of PDUs, and answers when a data set has ended; what the sender can do is measured against it.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';
import { IMPLEMENTATION_CLASS_UID } from '../../core/dicom/uid.ts';
import { encodeCommandSet } from '../../core/dimse/command-set.ts';
import { response, storeRequest } from '../../core/dimse/messages.ts';
import { STATUS } from '../../core/dimse/status.ts';
import { CONTROL_HEADER, encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import {
  DICOM_APPLICATION_CONTEXT,
  PDU_TYPE,
  PROTOCOL_VERSION,
} from '../../core/upper-layer/pdu.ts';
import { CT_IMAGE } from '../../test/support/received-instances.ts';
import { PDU_LENGTH } from './load-sender.ts';

const CONTEXT_ID = 1;
/** PDU header, and the header of the one value that the sender puts into each PDU. */
const HEADER_LENGTH = 12;

const ACCEPT = encodePdu({
  type: 'associate-accept',
  protocolVersion: PROTOCOL_VERSION,
  calledAeTitle: 'SINK',
  callingAeTitle: 'BENCH',
  applicationContext: DICOM_APPLICATION_CONTEXT,
  contexts: [{ id: CONTEXT_ID, result: 0, transferSyntax: EXPLICIT_VR_LITTLE_ENDIAN }],
  userInformation: {
    maximumLength: PDU_LENGTH,
    implementationClassUid: IMPLEMENTATION_CLASS_UID,
    roles: [],
    extended: [],
    commonExtended: [],
  },
});
const SUCCESS = encodePdu({
  type: 'data-transfer',
  values: [
    {
      contextId: CONTEXT_ID,
      command: true,
      last: true,
      data: encodeCommandSet(response(storeRequest(1, CT_IMAGE, '1.2.3'), STATUS.success)),
    },
  ],
});

const server = createServer({ noDelay: true }, (socket) => {
  const header = Buffer.alloc(HEADER_LENGTH);
  let headerBytes = 0;
  let toSkip = 0;
  const answer = (): void => {
    const type = header.readUInt8(0);
    if (type === PDU_TYPE.associateRequest) socket.write(ACCEPT);
    else if (type === PDU_TYPE.releaseRequest) socket.end(encodePdu({ type: 'release-response' }));
    else if (header.readUInt8(HEADER_LENGTH - 1) === CONTROL_HEADER.last) socket.write(SUCCESS);
  };
  socket.on('data', (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, chunk.length - at);
        toSkip -= skipped;
        at += skipped;
        if (toSkip === 0) answer();
        continue;
      }
      const isShort = headerBytes > 0 && header.readUInt8(0) === PDU_TYPE.releaseRequest;
      const needed = isShort ? HEADER_LENGTH - 2 : HEADER_LENGTH;
      const taken = Math.min(needed - headerBytes, chunk.length - at);
      chunk.copy(header, headerBytes, at, at + taken);
      headerBytes += taken;
      at += taken;
      if (headerBytes >= 10 && header.readUInt8(0) === PDU_TYPE.releaseRequest) {
        answer();
        return;
      }
      if (headerBytes < needed) continue;
      headerBytes = 0;
      toSkip = header.readUInt32BE(2) + 6 - HEADER_LENGTH;
      if (toSkip === 0) answer();
    }
  });
  socket.on('error', () => undefined);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ event: 'listening', dimsePort: port })}\n`);
});
