/**
 * Whole PDUs to bytes and back (PS3.8 section 9.3.1). P-DATA-TF is only encoded here: what arrives of it is
 * handed out piece by piece by pdu-decoder.ts.
 */
import {
  decodeAssociateAccept,
  decodeAssociateRequest,
  encodeAssociate,
} from './associate-codec.ts';
import { ByteReader } from './byte-reader.ts';
import { PDU_TYPE, type ControlPdu, type Pdu, type PresentationDataValue } from './pdu.ts';

/** PDU-type, a reserved byte, PDU-length. */
export const PDU_HEADER_LENGTH = 6;

/** Item length, presentation context ID and message control header before each value's data. */
export const PDV_HEADER_LENGTH = 6;

/** Bits of the message control header (PS3.8 annex E.2). */
export const CONTROL_HEADER = { command: 0x01, last: 0x02 } as const;

const frame = (type: number, ...variable: readonly Buffer[]): Buffer => {
  const header = Buffer.alloc(PDU_HEADER_LENGTH);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(
    variable.reduce((sum, part) => sum + part.length, 0),
    2,
  );
  return Buffer.concat([header, ...variable]);
};

/** In one buffer, headers and values: each value is copied once. */
const encodeDataTransfer = (values: readonly PresentationDataValue[]): Buffer => {
  const length = values.reduce((sum, { data }) => sum + PDV_HEADER_LENGTH + data.length, 0);
  const pdu = Buffer.allocUnsafe(PDU_HEADER_LENGTH + length);
  pdu.writeUInt16BE(PDU_TYPE.dataTransfer << 8, 0);
  pdu.writeUInt32BE(length, 2);
  let at = PDU_HEADER_LENGTH;
  for (const { contextId, command, last, data } of values) {
    pdu.writeUInt32BE(data.length + 2, at);
    pdu.writeUInt8(contextId, at + 4);
    pdu.writeUInt8(
      (command ? CONTROL_HEADER.command : 0) | (last ? CONTROL_HEADER.last : 0),
      at + 5,
    );
    pdu.set(data, at + PDV_HEADER_LENGTH);
    at += PDV_HEADER_LENGTH + data.length;
  }
  return pdu;
};

export const encodePdu = (pdu: Pdu): Buffer => {
  switch (pdu.type) {
    case 'associate-request':
      return frame(PDU_TYPE.associateRequest, encodeAssociate(pdu));
    case 'associate-accept':
      return frame(PDU_TYPE.associateAccept, encodeAssociate(pdu));
    case 'associate-reject':
      return frame(PDU_TYPE.associateReject, Buffer.from([0, pdu.result, pdu.source, pdu.reason]));
    case 'data-transfer':
      return encodeDataTransfer(pdu.values);
    case 'release-request':
      return frame(PDU_TYPE.releaseRequest, Buffer.alloc(4));
    case 'release-response':
      return frame(PDU_TYPE.releaseResponse, Buffer.alloc(4));
    case 'abort':
      return frame(PDU_TYPE.abort, Buffer.from([0, 0, pdu.source, pdu.reason]));
  }
};

/** What a control PDU is called in messages. */
const PDU_NAMES: Readonly<Record<ControlPduType, string>> = {
  [PDU_TYPE.associateRequest]: 'A-ASSOCIATE-RQ',
  [PDU_TYPE.associateAccept]: 'A-ASSOCIATE-AC',
  [PDU_TYPE.associateReject]: 'A-ASSOCIATE-RJ',
  [PDU_TYPE.releaseRequest]: 'A-RELEASE-RQ',
  [PDU_TYPE.releaseResponse]: 'A-RELEASE-RP',
  [PDU_TYPE.abort]: 'A-ABORT',
};

export type ControlPduType = Exclude<
  (typeof PDU_TYPE)[keyof typeof PDU_TYPE],
  typeof PDU_TYPE.dataTransfer
>;

/** Decodes the variable field of a PDU. Throws ProtocolViolation. */
export const decodeControlPdu = (type: ControlPduType, variable: Buffer): ControlPdu => {
  const reader = new ByteReader(variable, PDU_NAMES[type], PDU_HEADER_LENGTH);
  switch (type) {
    case PDU_TYPE.associateRequest:
      return decodeAssociateRequest(reader);
    case PDU_TYPE.associateAccept:
      return decodeAssociateAccept(reader);
    case PDU_TYPE.associateReject:
      reader.skip(1);
      return {
        type: 'associate-reject',
        result: reader.u8('result'),
        source: reader.u8('source'),
        reason: reader.u8('reason/diag.'),
      };
    case PDU_TYPE.releaseRequest:
      return { type: 'release-request' };
    case PDU_TYPE.releaseResponse:
      return { type: 'release-response' };
    case PDU_TYPE.abort:
      reader.skip(2);
      return { type: 'abort', source: reader.u8('source'), reason: reader.u8('reason/diag.') };
  }
};
