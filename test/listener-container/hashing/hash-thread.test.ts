/** The thread that hashes data sets: the digest of each is that of its bytes, however they come and whoever else sends. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HashThread, HashThreadLost } from '../../../listener-container/hashing/hash-thread.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const threads: HashThread[] = [];
const startThread = (): HashThread => {
  const thread = new HashThread(log);
  threads.push(thread);
  return thread;
};
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
});

/** Bytes that are different at each place, so that pieces in a wrong order show. */
const bytesOf = (length: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) {
    bytes.writeUInt32LE((at * 2_654_435_761 + seed) >>> 0, at);
  }
  return bytes;
};

const sha256 = (pieces: readonly Buffer[]): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
};

const digestOf = async (thread: HashThread, pieces: readonly Buffer[]): Promise<string> => {
  const hash = thread.begin();
  for (const piece of pieces) await hash.update(piece);
  return hash.digest();
};

describe('the hashing thread', () => {
  it('gives the digest of each data set, of pieces of any sizes, of many that come at the same time', async () => {
    const thread = startThread();
    const dataSet = fc.array(fc.oneof(fc.integer({ max: 100, min: 0 }), fc.nat(200_000)), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(dataSet, { minLength: 1, maxLength: 8 }), async (dataSets) => {
        const sent = dataSets.map((lengths, index) =>
          lengths.map((length, piece) => bytesOf(length, index * 100 + piece)),
        );
        const digests = await Promise.all(sent.map((pieces) => digestOf(thread, pieces)));
        expect(digests).toEqual(sent.map(sha256));
      }),
      { numRuns: 40 },
    );
  });

  it('lets whoever has more than the ring holds wait, and loses nothing of it', async () => {
    const thread = startThread();
    const pieces = Array.from({ length: 400 }, (_, index) => bytesOf(60_000 + index, index));
    const hash = thread.begin();
    let waited = 0;
    for (const piece of pieces) {
      const full = hash.update(piece);
      if (full === undefined) continue;
      waited += 1;
      await full;
    }

    expect(await hash.digest()).toBe(sha256(pieces));
    expect(waited).toBeGreaterThan(0);
  });

  it('forgets a data set that is given up, and goes on with others', async () => {
    const thread = startThread();
    const given = thread.begin();
    await given.update(bytesOf(1_300_000, 1));
    given.close();
    given.close();
    const other = [bytesOf(1_300_000, 2)];

    expect(await digestOf(thread, other)).toBe(sha256(other));
  });

  it('fails what it had begun when it ends, at once and not never', async () => {
    const thread = startThread();
    const begun = thread.begin();
    await begun.update(bytesOf(1_300_000, 1));
    const asked = thread.begin();
    await asked.update(bytesOf(1_100_000, 1));
    await thread.close();

    expect(thread.lost).toBe(true);
    await expect((async () => begun.digest())()).rejects.toThrow(HashThreadLost);
    await expect((async () => asked.update(bytesOf(1000, 1)))()).rejects.toThrow(HashThreadLost);
  });
});
