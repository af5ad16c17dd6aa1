/**
 * Mutated bytes against everything that decodes what a peer sends: nothing but the typed errors is thrown, no result
 * depends on how the bytes were cut, nothing is read or allocated beyond them. A second each; for a long run:
 * GANTRY_FUZZ_SECONDS=3600 npm test -- fuzz. GANTRY_FUZZ_SEED repeats a finding.
 */
import { describe, expect, it } from 'vitest';
import { createElementParser } from '../../../core/dicom/element-parser.ts';
import { createHeaderReader } from '../../../core/dicom/header-reader.ts';
import { instanceHeader, wantedTags } from '../../../core/dicom/header.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  encodingOf,
} from '../../../core/dicom/transfer-syntaxes.ts';
import { CommandSetFault, encodeCommandSet } from '../../../core/dimse/command-set.ts';
import { DataSetFault } from '../../../core/dimse/data-set.ts';
import { MessageFault, MessageReader } from '../../../core/dimse/message-reader.ts';
import { actionRequest, echoRequest, storeRequest } from '../../../core/dimse/messages.ts';
import {
  decodeCommitmentRequest,
  decodeCommitmentResult,
  encodeCommitmentRequest,
  encodeCommitmentResult,
} from '../../../core/dimse/storage-commitment.ts';
import { encodePdu } from '../../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Incoming } from '../../../core/upper-layer/pdu-decoder.ts';
import type { Pdu } from '../../../core/upper-layer/pdu.ts';
import { ProtocolViolation } from '../../../core/upper-layer/protocol-violation.ts';
import { dataSetOf } from '../../support/received-instances.ts';
import { inPieces, mutated, randomFrom, type Random } from './mutations.ts';

const SECONDS = Number(process.env['GANTRY_FUZZ_SECONDS'] ?? '1');
const FIRST_SEED = Number(process.env['GANTRY_FUZZ_SEED'] ?? '1');
/** One round is done whatever the clock says. */
const ROUND = 500;

/** What a fuzzed decoder may hold of an input beyond the input itself: names, maps, small buffers. */
const ALLOWANCE_BYTES = 16 * 1024 * 1024;

/** Runs `target` on mutations until the time is over; a finding names its seed. Returns how many there were. */
const fuzz = async (
  seeds: readonly Buffer[],
  target: (bytes: Buffer, random: Random) => unknown,
): Promise<number> => {
  const end = performance.now() + SECONDS * 1000;
  let seed = FIRST_SEED;
  do {
    for (let count = 0; count < ROUND; count += 1, seed += 1) {
      const random = randomFrom(seed);
      const bytes = mutated(seeds, random);
      const before = process.memoryUsage().arrayBuffers;
      try {
        await target(bytes, random);
      } catch (error) {
        throw new Error(`GANTRY_FUZZ_SEED=${seed}`, { cause: error });
      }
      const grown = process.memoryUsage().arrayBuffers - before;
      if (grown > ALLOWANCE_BYTES) throw new Error(`GANTRY_FUZZ_SEED=${seed}: ${grown} bytes`);
    }
  } while (performance.now() < end);
  return seed - FIRST_SEED;
};

/** What is decoded, or the name of the typed error; any other error is a finding. */
const outcomeOf = <T>(
  decode: () => T,
  faults: readonly (abstract new (...arguments_: never[]) => Error)[],
): T | string => {
  try {
    return decode();
  } catch (error) {
    if (faults.some((fault) => error instanceof fault)) return (error as Error).message;
    throw error;
  }
};

const ASSOCIATE: Pdu = {
  type: 'associate-request',
  protocolVersion: 1,
  calledAeTitle: 'GANTRY',
  callingAeTitle: 'CT7',
  applicationContext: '1.2.840.10008.3.1.1.1',
  contexts: [1, 3, 5].map((id) => ({
    id,
    abstractSyntax: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN],
  })),
  userInformation: {
    maximumLength: 16_384,
    implementationClassUid: '1.2.3',
    implementationVersionName: 'TEST',
    asynchronousOperations: { invoked: 3, performed: 0 },
    roles: [{ sopClassUid: '1.2.9', scu: true, scp: false }],
    extended: [{ sopClassUid: '1.2.9', information: Buffer.from([1, 2]) }],
    commonExtended: [
      { sopClassUid: '1.2.9', serviceClassUid: '1.2.8', relatedGeneralSopClassUids: ['1.2.7'] },
    ],
    identity: {
      type: 2,
      positiveResponseRequested: true,
      primary: Buffer.from('ada'),
      secondary: Buffer.from('pw'),
    },
  },
};

const COMMANDS = [
  echoRequest(1, '1.2.840.10008.1.1'),
  storeRequest(2, '1.2.840.10008.5.1.4.1.1.2', '1.2.3.4'),
  actionRequest(3, '1.2.840.10008.1.20.1', '1.2.840.10008.1.20.1.1', 1),
].map((command) => encodeCommandSet(command));

const values = (data: Buffer, command: boolean): Pdu => ({
  type: 'data-transfer',
  values: [
    { contextId: 1, command, last: false, data: data.subarray(0, 9) },
    { contextId: 1, command, last: true, data: data.subarray(9) },
  ],
});

const PDUS: readonly Buffer[] = [
  ASSOCIATE,
  { type: 'associate-reject', result: 1, source: 1, reason: 1 } as const,
  { type: 'release-request' } as const,
  { type: 'release-response' } as const,
  { type: 'abort', source: 2, reason: 6 } as const,
  ...COMMANDS.map((command) => values(command, true)),
  values(Buffer.alloc(300, 7), false),
].map((pdu) => encodePdu(pdu));

/** As text that does not depend on the pieces in which the values came. */
const merged = (incoming: readonly Incoming[]): string => {
  let text = '';
  let open: string | undefined;
  for (const one of incoming) {
    const kind = one.type === 'fragment' ? `${one.contextId} ${one.command}` : JSON.stringify(one);
    if (kind !== open) text += `|${kind}|`;
    open = one.type === 'fragment' && !one.last ? kind : undefined;
    if (one.type === 'fragment') text += one.data.toString('hex') + (one.last ? '.' : '');
  }
  return text;
};

const IMAGE = { sopInstanceUid: '1.2.3.4', comment: 'a comment', pixels: 64 };
const SYNTAXES = [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN];
/** With sequences of defined and of undefined length, an item in an item, and encapsulated pixels. */
const NESTED = Buffer.from(
  [
    '08001600 55490400 312e3200',
    '08001111 53510000 ffffffff feff00e0 ffffffff 08005011 55490400 312e3300',
    '08001111 53510000 18000000 feff00e0 10000000 08005511 55490400 312e3400 00000000',
    'feff0de0 00000000 feffdde0 00000000',
    '10002000 4c4f0400 50312020 e07f1000 4f420000 ffffffff feff00e0 00000000 feffdde0 00000000',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);
const WANTED = wantedTags(['PatientID', 'AccessionNumber', 'ReferencedStudySequence']);

describe('mutated bytes', () => {
  const limit = SECONDS * 1000 + 20_000;

  it(
    'as PDUs make PDUs or a protocol violation, the same in whatever pieces they come',
    { timeout: limit },
    async () => {
      const decode = (pieces: readonly Buffer[]) => {
        const decoder = new PduDecoder(16_384);
        const incoming: Incoming[] = [];
        const fault = outcomeOf(() => {
          for (const piece of pieces) for (const one of decoder.push(piece)) incoming.push(one);
          return '';
        }, [ProtocolViolation]);
        const lengths = incoming.map((one) => (one.type === 'fragment' ? one.data.length : 0));
        expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(16_384);
        return { text: merged(incoming), fault };
      };

      const tried = await fuzz(PDUS, (bytes, random) => {
        const whole = decode([bytes]);
        const cut = decode(inPieces(bytes, random));
        expect(cut.fault).toBe(whole.fault);
        // What stands right before a fault is handed out if it came by itself.
        const shown = whole.fault === '' ? cut.text : cut.text.slice(0, whole.text.length);
        expect(shown).toBe(whole.text);
      });

      expect(tried).toBeGreaterThanOrEqual(ROUND);
    },
  );

  it('as messages make messages or a fault', { timeout: limit }, async () => {
    const tried = await fuzz(COMMANDS, (bytes, random) => {
      const reader = new MessageReader();
      outcomeOf(() => {
        const pieces = inPieces(bytes, random);
        for (const [index, data] of pieces.entries()) {
          const last = index === pieces.length - 1;
          reader.read({ contextId: 1 + 2 * random(2), command: random(9) > 0, last, data });
        }
      }, [MessageFault, CommandSetFault]);
    });

    expect(tried).toBeGreaterThanOrEqual(ROUND);
  });

  it.each(SYNTAXES)(
    'as the data set of an instance make a header, cut anyhow: %s',
    { timeout: limit },
    async (syntax) => {
      const seeds = [dataSetOf({ ...IMAGE, transferSyntaxUid: syntax }), NESTED];
      const read = (pieces: readonly Buffer[]): string => {
        const parser = createElementParser(encodingOf(syntax), WANTED);
        for (const piece of pieces) parser.write(piece);
        const parsed = parser.result();
        const found = [...parsed.elements.values()];
        const kept = found.reduce((sum, { value }) => sum + value.length, 0);
        expect(kept).toBeLessThanOrEqual(pieces.reduce((sum, { length }) => sum + length, 0));
        const header = instanceHeader(parsed);
        return JSON.stringify([
          ...[header.attributes, header.text('PatientID'), parsed.problem],
          ...found.map(({ tag, vr, value }) => [tag, vr, value.toString('hex')]),
        ]);
      };

      await fuzz(seeds, (bytes, random) => {
        expect(read(inPieces(bytes, random))).toBe(read([bytes]));
      });
    },
  );

  it('as a deflated data set make a header or a problem', { timeout: limit }, async () => {
    const seeds = [dataSetOf({ ...IMAGE, transferSyntaxUid: DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN })];
    const tried = await fuzz(seeds, async (bytes, random) => {
      const reader = createHeaderReader(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, WANTED);
      for (const piece of inPieces(bytes, random)) await reader.write(piece);
      instanceHeader(await reader.end());
      reader.close();
    });

    expect(tried).toBeGreaterThanOrEqual(ROUND);
  });

  it.each(['implicit', 'explicit'] as const)(
    'as messages of storage commitment make them or a fault: %s',
    { timeout: limit },
    async (encoding) => {
      const references = [{ sopClassUid: '1.2', sopInstanceUid: '1.3' }];
      const failed = [{ sopClassUid: '1.2', sopInstanceUid: '1.4', reason: 0x0112 as const }];
      const seeds = [
        encodeCommitmentRequest({ transactionUid: '1.9', references }, encoding),
        encodeCommitmentResult({ transactionUid: '1.9', committed: references, failed }, encoding),
      ];
      const tried = await fuzz(seeds, (bytes) => {
        for (const decode of [decodeCommitmentRequest, decodeCommitmentResult]) {
          outcomeOf(() => decode(bytes, encoding), [DataSetFault]);
        }
      });

      expect(tried).toBeGreaterThanOrEqual(ROUND);
    },
  );
});
