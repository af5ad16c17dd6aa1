/** Whatever is encoded is decoded again, however the network cuts it; and no bytes break the decoder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDataTransfers } from '../../../core/upper-layer/fragmentation.ts';
import { encodePdu } from '../../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Incoming } from '../../../core/upper-layer/pdu-decoder.ts';
import { ProtocolViolation } from '../../../core/upper-layer/protocol-violation.ts';

const uid = fc
  .array(fc.nat({ max: 99999 }), { minLength: 2, maxLength: 10 })
  .map((parts) => parts.join('.'));
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const aeTitle = fc.stringMatching(/^[A-Z0-9_]{1,16}$/);
const octet = fc.nat({ max: 255 });

const userInformation = fc.record(
  {
    maximumLength: fc.nat({ max: 0xffffffff }),
    implementationClassUid: uid,
    implementationVersionName: aeTitle,
    asynchronousOperations: fc.record({
      invoked: fc.nat({ max: 65535 }),
      performed: fc.nat({ max: 65535 }),
    }),
    roles: fc.array(fc.record({ sopClassUid: uid, scu: fc.boolean(), scp: fc.boolean() }), {
      maxLength: 4,
    }),
    extended: fc.array(fc.record({ sopClassUid: uid, information: bytes }), { maxLength: 4 }),
    commonExtended: fc.array(
      fc.record({
        sopClassUid: uid,
        serviceClassUid: uid,
        relatedGeneralSopClassUids: fc.array(uid, { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
    identity: fc.record({
      type: fc.integer({ min: 1, max: 5 }),
      positiveResponseRequested: fc.boolean(),
      primary: bytes,
      secondary: bytes,
    }),
    identityResponse: bytes,
  },
  {
    requiredKeys: [
      'maximumLength',
      'implementationClassUid',
      'roles',
      'extended',
      'commonExtended',
    ],
  },
);

const contextIds = fc.uniqueArray(
  fc.nat({ max: 127 }).map((index) => 2 * index + 1),
  { minLength: 1, maxLength: 8 },
);

const associate = {
  protocolVersion: fc.nat({ max: 65535 }),
  calledAeTitle: aeTitle,
  callingAeTitle: aeTitle,
  applicationContext: uid,
  userInformation,
};

const request = fc.record({
  type: fc.constant('associate-request' as const),
  ...associate,
  contexts: contextIds.chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          abstractSyntax: uid,
          transferSyntaxes: fc.array(uid, { minLength: 1, maxLength: 5 }),
        }),
      ),
    ),
  ),
});

const accept = fc.record({
  type: fc.constant('associate-accept' as const),
  ...associate,
  contexts: contextIds.chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          result: fc.nat({ max: 4 }),
          transferSyntax: uid,
        }),
      ),
    ),
  ),
});

const controlPdu = fc.oneof(
  request,
  accept,
  fc.record({
    type: fc.constant('associate-reject' as const),
    result: octet,
    source: octet,
    reason: octet,
  }),
  fc.constant({ type: 'release-request' as const }),
  fc.constant({ type: 'release-response' as const }),
  fc.record({ type: fc.constant('abort' as const), source: octet, reason: octet }),
);

/** The same bytes as chunks of the given lengths, in turn. */
const cut = (whole: Buffer, lengths: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  for (let start = 0, turn = 0; start < whole.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    chunks.push(whole.subarray(start, start + length));
    start += length;
  }
  return chunks;
};

const chunkLengths = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
  fc.constant([1_000_000]),
);

/** All chunks come in the same memory: what is decoded outlives it, and the bytes of fragments are copied here. */
const decodeAll = (chunks: readonly Buffer[]): Incoming[] => {
  const decoder = new PduDecoder(512 * 1024);
  const memory = Buffer.alloc(Math.max(0, ...chunks.map(({ length }) => length)));
  return chunks.flatMap((chunk) => {
    chunk.copy(memory);
    const decoded = Array.from(decoder.push(memory.subarray(0, chunk.length)), (item) =>
      item.type === 'fragment' ? { ...item, data: Buffer.from(item.data) } : item,
    );
    memory.fill(0xdd);
    return decoded;
  });
};

const faultOf = (action: () => unknown): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('the PDU codec', () => {
  it('decodes every control PDU that it encodes, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(controlPdu, { minLength: 1, maxLength: 4 }),
        chunkLengths,
        (pdus, lengths) => {
          const whole = Buffer.concat(pdus.map((pdu) => encodePdu(pdu)));

          expect(decodeAll(cut(whole, lengths))).toEqual(pdus);
        },
      ),
    );
  });

  it('brings a data set across in its bytes and with one end, for any maximum length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.nat({ max: 700 }),
        chunkLengths,
        (content, maximumLength, lengths) => {
          const data = Buffer.from(content);
          const pdus = [
            ...toDataTransfers({ contextId: 7, command: false, last: true, data }, maximumLength),
          ].map((pdu) => encodePdu(pdu));

          const fragments = decodeAll(cut(Buffer.concat(pdus), lengths)).filter(
            (incoming) => incoming.type === 'fragment',
          );

          expect(Buffer.concat(fragments.map((fragment) => fragment.data))).toEqual(data);
          expect(fragments.map(({ last }) => last).filter(Boolean)).toHaveLength(1);
          expect(fragments.at(-1)?.last).toBe(true);
          for (const pdu of pdus) {
            expect(pdu.length - 6).toBeLessThanOrEqual(
              maximumLength === 0 ? 256 * 1024 : Math.max(8, maximumLength),
            );
          }
        },
      ),
    );
  });

  it('answers any bytes with PDUs or with a protocol violation, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
          // Nearly right is harder than random: a valid PDU with one byte changed.
          fc.tuple(controlPdu, fc.nat(), octet).map(([pdu, place, value]) => {
            const encoded = encodePdu(pdu);
            encoded.writeUInt8(value, place % encoded.length);
            return encoded;
          }),
        ),
        chunkLengths,
        (content, lengths) => {
          const fault = faultOf(() => decodeAll(cut(content, lengths)));

          expect(fault === undefined || fault instanceof ProtocolViolation).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
