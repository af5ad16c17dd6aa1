/** What reading the header of an instance costs, beside dcmjs on the same bytes: docs/benchmarks.md. */
import { readFileSync } from 'node:fs';
import dcmjs from 'dcmjs';
import { instanceHeader, wantedTags } from '../../core/dicom/header.ts';
import { createHeaderReader } from '../../core/dicom/header-reader.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';
import { pydicomFiles } from '../../test/support/dicom-files.ts';
import type { Figures } from '../figures.ts';

const PIXEL_BYTES = 512 * 1024;

/** What a socket gives at a time. */
const CHUNK_BYTES = 64 * 1024;

const ROUNDS = 10;
const PER_ROUND = 500;
const WARM_UP = 2000;

/** Preamble, `DICM`, and the element (0002,0000), whose value is the length of what follows of its group. */
const FIXED_HEAD = 128 + 4 + 12;

/** (7FE0,0010), OW, of which the length follows. */
const PIXEL_DATA = Buffer.from('e07f10004f570000', 'hex');

const KEY = ['PatientID', 'StudyInstanceUID', 'SeriesInstanceUID', 'SOPClassUID', 'SOPInstanceUID'];

/** A real header, with as many pixels as a CT image of today. */
const ctFile = async (): Promise<Buffer> => {
  const [path = ''] = await pydicomFiles('CT_small.dcm');
  const small = readFileSync(path);
  const pixelsAt = small.indexOf(PIXEL_DATA) + PIXEL_DATA.length;
  const head = Buffer.from(small.subarray(0, pixelsAt + 4));
  head.writeUInt32LE(PIXEL_BYTES, pixelsAt);
  return Buffer.concat([head, Buffer.alloc(PIXEL_BYTES, 0x5a)]);
};

/** Made when the settings of an AE title are read, every two seconds: see ae-title-settings.ts. */
const WANTED = wantedTags(['PatientID']);

const readOurs = async (firstChunk: Buffer): Promise<void> => {
  const reader = createHeaderReader(EXPLICIT_VR_LITTLE_ENDIAN, WANTED);
  await reader.write(firstChunk);
  const header = instanceHeader(await reader.end());
  const missing = KEY.filter((keyword) => (header.text(keyword) ?? '') === '');
  if (missing.length > 0) throw new Error(`the header has no ${missing.join(', ')}`);
};

const medianMicroseconds = async (
  times: number,
  read: () => Promise<void> | void,
): Promise<number> => {
  const samples: number[] = [];
  for (let count = 0; count < times; count += 1) {
    const begun = performance.now();
    await read();
    samples.push((performance.now() - begun) * 1000);
  }
  return samples.toSorted((one, other) => one - other)[Math.floor(times / 2)] ?? 0;
};

export const measureHeader = async (
  figures: Figures,
  tell: (step: string) => void,
): Promise<void> => {
  const file = await ctFile();
  const start = FIXED_HEAD + file.readUInt32LE(FIXED_HEAD - 4);
  const firstChunk = file.subarray(start, start + CHUNK_BYTES);
  const whole = new Uint8Array(file).buffer;
  const ours = () => readOurs(firstChunk);
  const theirs = () => {
    dcmjs.data.DicomMessage.readFile(whole, { untilTag: '7FE00010', includeUntilTagValue: false });
  };
  tell('header');
  await medianMicroseconds(WARM_UP, ours);
  await medianMicroseconds(WARM_UP, theirs);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const own = await medianMicroseconds(PER_ROUND, ours);
    const other = await medianMicroseconds(PER_ROUND, theirs);
    figures.add('header of a CT image of 512 KiB', 'µs', own);
    figures.add('header of a CT image of 512 KiB: dcmjs', 'µs', other);
    figures.add('header of a CT image of 512 KiB: dcmjs / gantry', '×', other / own);
  }
};
