/** What a peer does that should not, as bytes: what it sends first, and what it sends again and again. */
import { deflateRawSync } from 'node:zlib';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
} from '../../core/dicom/transfer-syntaxes.ts';
import { encodeCommandSet } from '../../core/dimse/command-set.ts';
import { echoRequest, storeRequest } from '../../core/dimse/messages.ts';
import { VERIFICATION_SOP_CLASS } from '../../core/upper-layer/negotiation.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { DICOM_APPLICATION_CONTEXT, PDU_TYPE } from '../../core/upper-layer/pdu.ts';
import { CT_IMAGE } from '../../test/support/received-instances.ts';

const ECHO_CONTEXT = 1;
const STORE_CONTEXT = 3;
const DEFLATED_CONTEXT = 5;

const MEBIBYTE = 1024 * 1024;
const PIECE_BYTES = 128 * 1024;

const request = encodePdu({
  type: 'associate-request',
  protocolVersion: 1,
  calledAeTitle: 'BENCH',
  callingAeTitle: 'BAD',
  applicationContext: DICOM_APPLICATION_CONTEXT,
  contexts: [
    {
      id: ECHO_CONTEXT,
      abstractSyntax: VERIFICATION_SOP_CLASS,
      transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN],
    },
    {
      id: STORE_CONTEXT,
      abstractSyntax: CT_IMAGE,
      transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN],
    },
    {
      id: DEFLATED_CONTEXT,
      abstractSyntax: CT_IMAGE,
      transferSyntaxes: [DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN],
    },
  ],
  userInformation: {
    maximumLength: 16_384,
    implementationClassUid: '1.2.3',
    roles: [],
    extended: [],
    commonExtended: [],
  },
});

const value = (contextId: number, command: boolean, data: Buffer, last: boolean): Buffer =>
  encodePdu({ type: 'data-transfer', values: [{ contextId, command, last, data }] });

const storeCommand = encodeCommandSet(storeRequest(1, CT_IMAGE, '1.2.3.4'));
const store = (contextId: number): Buffer => value(contextId, true, storeCommand, true);

/** A data set in pieces, to its end. */
const whole = (contextId: number, data: Buffer): Buffer => {
  const pieces: Buffer[] = [store(contextId)];
  for (let start = 0; start < data.length; start += PIECE_BYTES) {
    const end = start + PIECE_BYTES;
    pieces.push(value(contextId, false, data.subarray(start, end), end >= data.length));
  }
  return Buffer.concat(pieces);
};

const times = (count: number, bytes: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

/** (0009,1001) LO of two characters. */
const TINY_ELEMENT = Buffer.from('090001104c4f02006162', 'hex');

/** An A-ASSOCIATE-RQ whose variable items are empty ones of no known type. */
const requestOfItems = (items: number): Buffer => {
  const header = Buffer.alloc(6 + 68);
  header.writeUInt8(PDU_TYPE.associateRequest, 0);
  header.writeUInt32BE(68 + 4 * items, 2);
  header.writeUInt16BE(1, 6);
  return Buffer.concat([header, times(items, Buffer.from('99000000', 'hex'))]);
};

export interface Misdeed {
  readonly first: Buffer;
  readonly again: () => Buffer;
  /** Between two times of `again`; default 0. */
  readonly pauseMs?: number;
  /** Default: true. */
  readonly readsAnswers?: boolean;
  /** Takes a new connection each time. */
  readonly reconnects?: boolean;
}

const NOTHING = Buffer.alloc(0);

export const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  'speaks HTTP': {
    first: NOTHING,
    again: () => Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    reconnects: true,
  },
  'asks in 250,000 items': {
    first: NOTHING,
    again: () => requestOfItems(250_000),
    reconnects: true,
  },
  'sends values without a byte': {
    first: Buffer.concat([request, store(STORE_CONTEXT)]),
    again: () => times(5000, value(STORE_CONTEXT, false, NOTHING, false)),
  },
  'sends values of two bytes': {
    first: Buffer.concat([request, store(STORE_CONTEXT)]),
    again: () => times(5000, value(STORE_CONTEXT, false, Buffer.alloc(2), false)),
  },
  'sends a byte a second': {
    first: Buffer.concat([request, store(STORE_CONTEXT)]),
    again: () => Buffer.alloc(1),
    pauseMs: 1000,
  },
  'reads no answers': {
    first: request,
    again: () =>
      value(ECHO_CONTEXT, true, encodeCommandSet(echoRequest(1, VERIFICATION_SOP_CLASS)), true),
    readsAnswers: false,
  },
  'sends 64 MiB of tiny elements': {
    first: request,
    again: () => whole(STORE_CONTEXT, times((64 * MEBIBYTE) / TINY_ELEMENT.length, TINY_ELEMENT)),
  },
  'sends 256 MiB deflated to nothing': {
    first: request,
    again: () =>
      whole(
        DEFLATED_CONTEXT,
        deflateRawSync(times((256 * MEBIBYTE) / TINY_ELEMENT.length, TINY_ELEMENT)),
      ),
  },
};
