import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataSetHash, NotPart10 } from '../../../worker-container/staging/part10.ts';
import { part10File } from '../support/part10-file.ts';

const FILE = part10File({ sop: '1.2.3', study: '1.2', series: '1.2.4' });

const through = async (chunks: readonly Buffer[]) => {
  const hash = new DataSetHash();
  const bytes = await buffer(Readable.from(chunks).pipe(hash));
  return { bytes, hash };
};

describe('the hash of a data set', () => {
  it('is that of the bytes after the File Meta, however the file is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: FILE.bytes.length })), async (cuts) => {
        const places = [0, ...cuts.sort((one, other) => one - other), FILE.bytes.length];
        const chunks = places
          .slice(1)
          .map((end, index) => FILE.bytes.subarray(places[index], end))
          .filter((chunk) => chunk.length > 0);

        const { bytes, hash } = await through(chunks);

        expect(bytes.equals(FILE.bytes)).toBe(true);
        expect(hash.digest()).toBe(FILE.sha256);
        expect(hash.size).toBe(FILE.bytes.length);
      }),
    );
  });

  it('is refused for what is too short or does not begin as Part 10', async () => {
    const hash = new DataSetHash();
    const short = buffer(Readable.from([Buffer.alloc(100)]).pipe(hash));
    await expect(short).rejects.toThrow(NotPart10);

    const other = new DataSetHash();
    const wrong = buffer(Readable.from([Buffer.alloc(500)]).pipe(other));
    await expect(wrong).rejects.toThrow(NotPart10);
  });
});
