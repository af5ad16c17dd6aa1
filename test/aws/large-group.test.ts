/** A group of tens of thousands of instances is sealed, and looked at, in the memory that a function has. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

/** Of the 512 MB of the function, in which the libraries and the manifest's text have their place too. */
const HEAP_MIB = 128;

it(
  'a group of 50,000 instances is sealed and listed within 128 MiB of heap',
  { timeout: 120_000 },
  async () => {
    const worker = new Worker(new URL('../support/large-group-worker.ts', import.meta.url), {
      workerData: 50_000,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });

    const [told] = (await once(worker, 'message')) as unknown[];

    expect(told).toMatchObject({ sealed: 50_000, present: 50_000 });
  },
);
