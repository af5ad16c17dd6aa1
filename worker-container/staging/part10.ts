/**
 * Where the data set begins in a Part 10 file (PS3.10 section 7.1), found while the file streams by: what is
 * verified is the data set as it was received, without the preamble and File Meta that the listener wrote.
 */
import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

const PREAMBLE_BYTES = 128;
/** Preamble, `DICM`, and the element (0002,0000) File Meta Information Group Length: tag, VR, length, value. */
const GROUP_LENGTH_END = PREAMBLE_BYTES + 4 + 12;
const GROUP_LENGTH_TAG = Buffer.from([0x02, 0x00, 0x00, 0x00, 0x55, 0x4c, 0x04, 0x00]);

/** The file does not begin as a Part 10 file with a File Meta group length. */
export class NotPart10 extends Error {
  override readonly name = 'NotPart10';
}

/** Offset of the data set in bytes. `head` holds at least the first 144 bytes. */
export const dataSetOffset = (head: Buffer): number => {
  if (
    head.toString('latin1', PREAMBLE_BYTES, PREAMBLE_BYTES + 4) !== 'DICM' ||
    !head.subarray(PREAMBLE_BYTES + 4, PREAMBLE_BYTES + 12).equals(GROUP_LENGTH_TAG)
  ) {
    throw new NotPart10('the object does not begin with a preamble and File Meta Information');
  }
  return GROUP_LENGTH_END + head.readUInt32LE(GROUP_LENGTH_END - 4);
};

/** Passes a Part 10 file through; afterwards tells the SHA-256 (hex) of its data set and its size in bytes. */
export class DataSetHash extends Transform {
  readonly #hash = createHash('sha256');
  #head: Buffer = Buffer.alloc(0);
  #toSkip: number | undefined;
  size = 0;

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.size += chunk.length;
    try {
      this.#take(chunk);
      done(null, chunk);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#toSkip === undefined ? new NotPart10('the object is too short for DICOM') : null);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#toSkip === undefined) {
      bytes = Buffer.concat([this.#head, chunk]);
      if (bytes.length < GROUP_LENGTH_END) {
        this.#head = bytes;
        return;
      }
      this.#toSkip = dataSetOffset(bytes);
    }
    const skipped = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= skipped;
    this.#hash.update(bytes.subarray(skipped));
  }
}
