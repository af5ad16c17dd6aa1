/** What others send with: DCMTK's echoscu, storescu and dcmsend, pynetdicom's storescu, and our own sender. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPart10 } from '../../cli/dimse/part10-file.ts';
import { sendEcho } from '../../cli/dimse/send-echo.ts';
import { sendFiles } from '../../cli/dimse/send-files.ts';
import { pydicomFiles } from '../support/dicom-files.ts';
import { runProgram } from '../support/program.ts';
import { dcmsend, echoscu, pynetdicomStorescu, storescu } from '../support/senders.ts';
import { listening } from './listening.ts';
import type { RecordingReceiver } from './recording-receiver.ts';

const PREPARATION_MS = 180_000;

/**
 * DCMTK writes a data set anew when it sends: these are among the files that come out as they went in. Others
 * lose their group lengths and trailing padding before they reach us.
 */
let unchanged: string[] = [];
let compressed: string[] = [];
let everySyntax: string[] = [];

beforeAll(async () => {
  await runProgram('storescu', ['--version']).catch(() => {
    throw new Error('DCMTK is missing. Install it with: sudo apt-get install -y dcmtk');
  });
  unchanged = await pydicomFiles(
    'SC_rgb_small_odd.dcm',
    'examples_overlay.dcm',
    'reportsi_with_empty_number_tags.dcm',
  );
  compressed = await pydicomFiles(
    'SC_rgb_rle_2frame.dcm',
    'JPEGLSNearLossless_16.dcm',
    'SC_rgb_jpeg_gdcm.dcm',
  );
  everySyntax = await pydicomFiles(
    'CT_small.dcm', // explicit VR little endian
    'MR_small_implicit.dcm', // implicit VR little endian
    'MR_small_bigendian.dcm', // explicit VR big endian
    'image_dfl.dcm', // deflated
    'JPEG2000.dcm',
    'JPEG-lossy.dcm',
    'MR_small_jpeg_ls_lossless.dcm',
    'SC_rgb_rle_2frame.dcm', // RLE, two frames
    'rtdose.dcm',
    'reportsi.dcm',
    'SC_rgb_small_odd_jpeg.dcm',
  );
}, PREPARATION_MS);

/** The file's bytes after its File Meta group, found without our own reader of files: by the group's length. */
const dataSetOf = async (file: string): Promise<Buffer> => {
  const bytes = await readFile(file);
  // (0002,0000) UL, 4 bytes, stands first: its value counts from after itself.
  return bytes.subarray(144 + bytes.readUInt32LE(140));
};

/** The files whose data sets were not received exactly once, in their own syntax and in the very same bytes. */
const notAsSent = async (
  receiver: RecordingReceiver,
  files: readonly string[],
): Promise<string[]> => {
  const wrong: string[] = [];
  for (const file of files) {
    const { sopInstanceUid, transferSyntaxUid } = await readPart10(file);
    // Some of the files are one image in several transfer syntaxes.
    const [received, ...more] = receiver.instances.filter(
      ({ context }) =>
        context.sopInstanceUid === sopInstanceUid &&
        context.transferSyntaxUid === transferSyntaxUid,
    );
    const same = Buffer.concat(received?.chunks ?? []).equals(await dataSetOf(file));
    if (!same || more.length > 0) wrong.push(file);
  }
  return wrong;
};

describe('DCMTK', () => {
  it('echoscu gets its answer', async () => {
    const { port } = await listening();

    const outcome = await echoscu({ port, calledAeTitle: 'GANTRY' });

    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    { name: 'storescu', send: storescu },
    { name: 'dcmsend', send: dcmsend },
  ])('$name’s data sets arrive in the bytes of the files', async ({ send }) => {
    const { port, receiver } = await listening();

    const outcome = await send({ port, calledAeTitle: 'GANTRY' }, unchanged);

    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.instances.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(await notAsSent(receiver, unchanged)).toEqual([]);
  });

  it('dcmsend’s compressed data sets arrive as they are', async () => {
    const { port, receiver } = await listening();
    const to = { port, calledAeTitle: 'GANTRY' };

    const outcome = await dcmsend(to, compressed, '--decompress-never');

    expect(outcome.code).toBe(0);
    expect(await notAsSent(receiver, compressed)).toEqual([]);
  });
});

describe('pynetdicom', () => {
  it('storescu’s data set arrives in the bytes of the file', async () => {
    const { port, receiver } = await listening();
    const files = unchanged.slice(0, 1);

    const outcome = await pynetdicomStorescu({ port, calledAeTitle: 'GANTRY' }, files);

    expect(outcome.code).toBe(0);
    expect(await notAsSent(receiver, files)).toEqual([]);
  });
});

describe('our own sender', () => {
  const peer = (port: number) => ({
    host: '127.0.0.1',
    port,
    calledAe: 'GANTRY',
    callingAe: 'SENDER',
    timeoutMs: 10_000,
  });

  it('gets an answer to C-ECHO', async () => {
    const { port } = await listening();

    const { status, milliseconds } = await sendEcho(peer(port));

    expect(status).toBe(0);
    expect(milliseconds).toBeGreaterThan(0);
  });

  it('sends files in the syntax and the bytes that they have', async () => {
    const { port, receiver } = await listening();

    const report = await sendFiles({ ...peer(port), paths: everySyntax });

    expect(report).toMatchObject({ stored: everySyntax.length, failed: 0 });
    expect(await notAsSent(receiver, everySyntax)).toEqual([]);
  });
});
