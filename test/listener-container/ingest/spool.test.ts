/** What holds an instance: the bytes that come out are those that went in, in memory and in a file. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryBudget } from '../../../listener-container/ingest/memory-budget.ts';
import { createSpool } from '../../../listener-container/ingest/spool.ts';
import { writeBuffers } from '../../../listener-container/ingest/write-buffers.ts';
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
          const buffers = writeBuffers(2);
          const head = Buffer.from('head');
          const spool = createSpool({ directory, memoryLimitBytes, budget, buffers }, head);
          for (const bytes of pieces) await spool.write(Buffer.from(bytes));
          await spool.finish();

          expect(spool.length).toBe(Buffer.concat(pieces).length);
          for (const used of [head, head, Buffer.from('a longer head')]) {
            const bytes = await objectBytes(spool.body(used));
            expect(bytes.equals(Buffer.concat([used, ...pieces]))).toBe(true);
          }
          expect(budget.takenBytes).toBeLessThanOrEqual(budgetBytes);
          await spool.dispose();
          expect([budget.takenBytes, buffers.takenBytes]).toEqual([0, 0]);
          expect(await readdir(directory)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds no more than a few write buffers in memory of an instance that is in a file', async () => {
    const budget = memoryBudget(64 * 1024 * 1024);
    const buffers = writeBuffers(2);
    const spool = createSpool(
      { directory, memoryLimitBytes: 100_000, budget, buffers },
      Buffer.from('head'),
    );
    let most = 0;
    for (let count = 0; count < 500; count += 1) {
      await spool.write(Buffer.alloc(64 * 1024));
      most = Math.max(most, budget.takenBytes + buffers.takenBytes);
    }

    expect(most).toBeLessThan(1.5 * 1024 * 1024);
    await spool.dispose();
  });
});
