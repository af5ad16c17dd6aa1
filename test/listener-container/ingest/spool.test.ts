/** What holds an instance: the bytes that come out are those that went in, in memory and in a file. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryBudget } from '../../../listener-container/ingest/memory-budget.ts';
import { createSpool } from '../../../listener-container/ingest/spool.ts';
import { ReadMemory } from '../../../listener-container/memory/read-memory.ts';
import { hold, letGo, SLAB_BYTES } from '../../../listener-container/memory/slabs.ts';
import { countedSlabs } from '../memory/counted-slabs.ts';
import { objectBytes } from '../../support/object-bytes.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const piece = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  // Filled with one byte, so that a large one costs nothing to make.
  fc
    .record({ length: fc.integer({ min: 1, max: 400_000 }), byte: fc.nat(255) })
    .map(({ length, byte }) => new Uint8Array(length).fill(byte)),
);

describe('a spool', () => {
  it('gives back head and pieces as they came, of any sizes, after any head, wherever they are held, and leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom(0, 10_000, 10_000_000),
        fc.constantFrom(0, 50_000, 10_000_000),
        async (pieces, memoryLimitBytes, budgetBytes) => {
          const budget = memoryBudget(budgetBytes);
          const head = Buffer.from('head');
          const spool = createSpool({ directory, memoryLimitBytes, budget }, head);
          for (const bytes of pieces) await spool.write(Buffer.from(bytes));
          await spool.finish();

          expect(spool.length).toBe(Buffer.concat(pieces).length);
          for (const used of [head, head, Buffer.from('a longer head')]) {
            const bytes = await objectBytes(spool.body(used));
            expect(bytes.equals(Buffer.concat([used, ...pieces]))).toBe(true);
          }
          expect(budget.takenBytes).toBeLessThanOrEqual(budgetBytes);
          await spool.dispose();
          expect(budget.takenBytes).toBe(0);
          expect(await readdir(directory)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  /** Pieces of slabs, as a connection has them; `taken` are those slabs that are not free. */
  const readingInto = () => {
    const slabs = countedSlabs();
    const memory = new ReadMemory(slabs);
    return {
      taken: slabs.taken,
      next: () => memory.read(memory.room(true).length),
      close: memory.close.bind(memory),
    };
  };

  it('holds no more than a few slabs of an instance that is in a file, and none when it is gone', async () => {
    const budget = memoryBudget(64 * 1024 * 1024);
    const spool = createSpool(
      { directory, memoryLimitBytes: 100_000, budget },
      Buffer.from('head'),
    );
    const { taken, next, close } = readingInto();
    let most = 0;
    for (let count = 0; count < 500; count += 1) {
      const piece = next();
      hold(piece);
      await spool.write(piece);
      letGo(piece);
      most = Math.max(most, budget.takenBytes + taken.size * SLAB_BYTES);
    }

    expect(most).toBeLessThan(2.5 * 1024 * 1024);
    close();
    await spool.dispose();
    expect(taken.size).toBe(0);
  });

  it('lets go of what is in memory when all bodies were read, and never when one may still be', async () => {
    const settings = { directory, memoryLimitBytes: 1_000_000, budget: memoryBudget(2_000_000) };
    const left = [];
    for (const bodiesRead of [0, 1, 2]) {
      const { taken, next, close } = readingInto();
      const spool = createSpool(settings, Buffer.from('head'));
      await spool.write(next());
      close();
      for (const used of ['head', 'another']) spool.body(Buffer.from(used));
      for (let count = 0; count < bodiesRead; count += 1) spool.bodyRead();
      await spool.dispose();
      left.push(taken.size);
    }

    expect(left).toEqual([1, 1, 0]);
  });
});
