/** The thread that hashes data sets: the digest of each is that of its bytes, however they come and whoever else sends. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HashThreadLost } from '../../../listener-container/hashing/hash-queue.ts';
import { HashThread } from '../../../listener-container/hashing/hash-thread.ts';
import { ReadMemory } from '../../../listener-container/memory/read-memory.ts';
import {
  hold,
  letGo,
  SlabPool,
  slabOf,
  type Slab,
} from '../../../listener-container/memory/slabs.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const threads: HashThread[] = [];
/** Of a thread of sockets that has no time left, or that has. */
const startThread = (isBusy = true): HashThread => {
  const thread = new HashThread(log, () => isBusy);
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

/** In slabs, as pieces of connections are; the caller holds them. */
const inSlabs = (pool: SlabPool, pieces: readonly Buffer[]): Buffer[] => {
  const memory = new ReadMemory(pool);
  const copies = pieces.flatMap((piece) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < piece.length;) {
      const copied = piece.copy(memory.room(true), 0, at);
      at += copied;
      const part = memory.read(copied);
      hold(part);
      parts.push(part);
    }
    return parts;
  });
  memory.close();
  return copies;
};

const digestOf = async (
  thread: HashThread,
  pieces: readonly Buffer[],
  source = 'one',
): Promise<string> => {
  const hash = thread.begin(source);
  for (const piece of pieces) {
    await hash.update(piece);
    letGo(piece);
  }
  const digest = await hash.digest();
  hash.close();
  return digest;
};

const POISON = 0xdd;

describe('the hashing thread', () => {
  it('gives the digest of each data set, of pieces of any sizes, of one sender or of many at the same time', async () => {
    const thread = startThread();
    const pool = new SlabPool(3, (slab) => slab.bytes.fill(POISON));
    const dataSet = fc.array(fc.oneof(fc.integer({ max: 100, min: 0 }), fc.nat(600_000)), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(dataSet, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        async (dataSets, ofMany, shared) => {
          const sent = dataSets.map((lengths, index) =>
            lengths.map((length, piece) => bytesOf(length, index * 100 + piece)),
          );
          const digests = await Promise.all(
            sent.map((pieces, index) =>
              digestOf(
                thread,
                shared ? inSlabs(pool, pieces) : pieces,
                ofMany ? `source ${index}` : 'one',
              ),
            ),
          );
          expect(digests).toEqual(sent.map(sha256));
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    { what: 'a short one of many senders', busy: true, senders: 2, bytes: 100_000, by: 'here' },
    { what: 'one of many senders', busy: true, senders: 2, bytes: 300_000, by: 'there' },
    {
      what: 'one of many while there is time',
      busy: false,
      senders: 2,
      bytes: 300_000,
      by: 'here',
    },
    { what: 'one of a single sender', busy: true, senders: 1, bytes: 300_000, by: 'here' },
    { what: 'a long one', busy: false, senders: 1, bytes: 1_300_000, by: 'there' },
  ])('hashes $what $by', async ({ busy, senders, bytes, by }) => {
    const thread = startThread(busy);
    for (const turn of [1, 2, 3, 4]) {
      await digestOf(thread, [bytesOf(10, turn)], `sender ${turn % senders}`);
    }
    const pieces = Array.from({ length: bytes / 10_000 }, (_, index) => bytesOf(10_000, index));
    const hash = thread.begin('sender 0');
    for (const piece of pieces) await hash.update(piece);
    const digest = hash.digest();

    expect(typeof digest === 'string' ? 'here' : 'there').toBe(by);
    expect(await digest).toBe(sha256(pieces));
  });

  it('holds every piece until it has read it, and none of them afterwards', async () => {
    const thread = startThread();
    const free: Slab[] = [];
    const pool = new SlabPool(0, (slab) => free.push(slab));
    const pieces = inSlabs(
      pool,
      Array.from({ length: 30 }, (_, index) => bytesOf(50_000, index)),
    );
    const slabs = new Set(pieces.map(slabOf));
    for (const source of ['one', 'another']) await digestOf(thread, [], source);
    const hash = thread.begin('one');
    for (const piece of pieces) {
      await hash.update(piece);
      letGo(piece);
    }
    await hash.digest();

    expect(slabs.size).toBeGreaterThan(2);
    expect(new Set(free)).toEqual(slabs);
  });

  it('is told anew of slabs when it was told of many', async () => {
    const thread = startThread();
    const pool = new SlabPool(0);
    const pieces = Array.from({ length: 1200 }, (_, index) => bytesOf(100, index));
    const hash = thread.begin('one');
    for (const piece of pieces) {
      const own = pool.take().bytes.subarray(0, piece.length);
      piece.copy(own);
      await hash.update(own);
    }

    expect(await hash.digest()).toBe(sha256(pieces));
  });

  it('lets whoever is too far ahead of it wait, and loses nothing of it', async () => {
    const thread = startThread();
    const pool = new SlabPool(100, (slab) => slab.bytes.fill(POISON));
    const hash = thread.begin('one');
    const expected = createHash('sha256');
    let waited = 0;
    // Whole slabs: whoever lets go of one too early changes what the thread is reading.
    for (let count = 0; count < 200; count += 1) {
      const slab = pool.take();
      slab.bytes.fill(count);
      expected.update(slab.bytes);
      const full = hash.update(slab.bytes);
      if (full !== undefined) {
        waited += 1;
        await full;
      }
      slab.letGo();
    }

    expect(await hash.digest()).toBe(expected.digest('hex'));
    expect(waited).toBeGreaterThan(0);
  });

  it('forgets a data set that is given up, and goes on with others', async () => {
    const thread = startThread();
    const given = thread.begin('one');
    await given.update(bytesOf(1_300_000, 1));
    given.close();
    given.close();
    const other = [bytesOf(1_300_000, 2)];

    expect(await digestOf(thread, other)).toBe(sha256(other));
  });

  it('fails what it had begun when it ends, at once and not never', async () => {
    const thread = startThread();
    const begun = thread.begin('one');
    await begun.update(bytesOf(1_300_000, 1));
    const asked = thread.begin('one');
    await asked.update(bytesOf(1_100_000, 1));
    await thread.close();

    expect(thread.lost).toBe(true);
    await expect((async () => begun.digest())()).rejects.toThrow(HashThreadLost);
    await expect((async () => asked.update(bytesOf(1000, 1)))()).rejects.toThrow(HashThreadLost);
  });
});
