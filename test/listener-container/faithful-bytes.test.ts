/** Invariant B on every file that pydicom bundles: what is stored is what was sent, whatever it is. */
import { open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openAssociation } from '../../cli/dimse/association.ts';
import { part10Head } from '../../core/dicom/part10.ts';
import { storeRequest } from '../../core/dimse/messages.ts';
import { Listener } from '../../listener-container/server.ts';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { openIngestBench, type IngestBench } from '../support/ingest-bench.ts';
import { runProgram } from '../support/program.ts';
import { EVERYBODY, RecordingLog, RecordingRefusals } from './listening.ts';

const PREPARATION_MS = 180_000;

/** Those of pydicom 3.0, with and without a suffix, whose data set names a SOP class and a SOP instance. */
const FILES_WITH_SOP_UIDS = 176;

const Files = z.array(
  z.object({
    path: z.string(),
    offset: z.int(),
    transferSyntax: z.string(),
    attributes: z.record(z.string(), z.unknown()),
  }),
);

interface SentFile {
  readonly path: string;
  readonly offset: number;
  readonly transferSyntaxUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

const sentFiles = async (): Promise<SentFile[]> => {
  const tools = await preparePythonTools();
  const { stdout } = await runProgram(tools.program('python'), [
    join(import.meta.dirname, '../support/pydicom_files.py'),
    ...['SOPClassUID', 'SOPInstanceUID'],
  ]);
  return Files.parse(JSON.parse(stdout)).flatMap(({ path, offset, transferSyntax, attributes }) => {
    const { SOPClassUID: sopClassUid, SOPInstanceUID: sopInstanceUid } = attributes;
    return typeof sopClassUid === 'string' && typeof sopInstanceUid === 'string'
      ? [{ path, offset, transferSyntaxUid: transferSyntax, sopClassUid, sopInstanceUid }]
      : [];
  });
};

let bench: IngestBench;
let listener: Listener;
let files: SentFile[] = [];

beforeAll(async () => {
  bench = await openIngestBench();
  files = await sentFiles();
  listener = await Listener.start({
    host: '127.0.0.1',
    port: 0,
    maximumAssociations: 8,
    limits: { artimMs: 5000, idleMs: 30_000 },
    policy: {
      ...EVERYBODY,
      decide: () => Promise.resolve({ grant: { acceptUnknownSopClasses: true } }),
    },
    refusals: new RecordingRefusals(),
    // Half of the files are longer: they go by the spool file.
    receiver: bench.ingest({ limits: { memoryPerInstanceBytes: 32 * 1024 } }),
    log: new RecordingLog(),
  });
}, PREPARATION_MS);

afterAll(async () => {
  await listener.stop(0);
  await bench.close();
});

const dataSetOf = async ({ path, offset }: SentFile) => {
  const whole = await readFile(path);
  const file = await open(path);
  const pieces = file.createReadStream({ start: offset, highWaterMark: 16_000 });
  return { bytes: whole.subarray(offset), pieces: pieces as AsyncIterable<Buffer> };
};

/** The status of the answer, and the object that was put for it. */
const send = async (file: SentFile) => {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  const association = await openAssociation({
    ...{ host: '127.0.0.1', port: listener.port, calledAe: 'GANTRY', callingAe: 'SENDER' },
    contexts: [{ abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] }],
    timeoutMs: 10_000,
  });
  const before = bench.stored.length;
  const { bytes, pieces } = await dataSetOf(file);
  const command = storeRequest(association.nextMessageId(), sopClassUid, sopInstanceUid);
  const { Status } = await association.request(1, command, { length: bytes.length, pieces });
  await association.release();
  return { Status, bytes, put: bench.stored.slice(before) };
};

describe('the object of a received instance', () => {
  it('is a File Meta group of ours and the data set as it was sent, for every file', async () => {
    const differing: string[] = [];
    for (const file of files) {
      const { Status, bytes, put } = await send(file);
      const head = part10Head({ ...file, calledAeTitle: 'GANTRY', callingAeTitle: 'SENDER' });
      const expected = Buffer.concat([head, bytes]);
      const isEqual = put.length === 1 && put[0]?.bytes.equals(expected) === true;
      if (Status !== 0 || !isEqual) {
        differing.push(`${basename(file.path)}: ${String(Status)}, ${put.length} objects`);
      }
    }

    expect(differing).toEqual([]);
    expect(files).toHaveLength(FILES_WITH_SOP_UIDS);
    const syntaxes = new Set(files.map(({ transferSyntaxUid }) => transferSyntaxUid));
    for (const syntax of ['1.2.840.10008.1.2', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99']) {
      expect(syntaxes).toContain(syntax);
    }
  }, 120_000);
});
