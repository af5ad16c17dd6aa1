/** Tasks of a docker worker at a time: never more than it may have, and no place that nobody gets again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takePlace } from '../../../core/running/task-places.ts';
import { memoryTaskPlaces } from '../../support/memory-cloud.ts';

const WORKER = { name: 'lung', maxRunners: 3 };

const site = () => {
  const places = memoryTaskPlaces();
  const running = new Set<string>();
  const start = async (holder: string, spot = false): Promise<boolean> => {
    const isOver = (other: string) => Promise.resolve(!running.has(other));
    const taken = await takePlace(places, WORKER, { holder, spot, isOver });
    if (taken) running.add(holder);
    return taken;
  };
  return { running, start };
};

describe('the places of a docker worker', () => {
  it('are as many as it may have runners, however its jobs come, twice and at once, and end', async () => {
    const step = fc.record({
      jobs: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 }),
      end: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { running, start } = site();
        // A job whose run has ended comes again as its next run.
        const runOf = new Map<number, number>();
        for (const { jobs, end } of steps) {
          const holders = jobs.map((job) => `${job}-r${runOf.get(job) ?? 1}`);
          const before = running.size;
          const fresh = holders.filter((holder) => !running.has(holder)).length;
          if (end) {
            for (const [index, holder] of holders.entries()) {
              const job = jobs[index] ?? 0;
              if (running.delete(holder)) runOf.set(job, (runOf.get(job) ?? 1) + 1);
            }
          } else {
            await Promise.all(holders.map((holder) => start(holder)));
            // Who came too late for one place asks again.
            await Promise.all(holders.map((holder) => start(holder)));
          }
          // None is left free while somebody wants it.
          expect(running.size).toBe(
            end ? before + fresh - holders.length : Math.min(WORKER.maxRunners, before + fresh),
          );
          expect(running.size).toBeLessThanOrEqual(WORKER.maxRunners);
        }
      }),
    );
  });

  it('on Spot capacity are counted apart, so that no urgent job waits for them', async () => {
    const { start } = site();
    for (const holder of ['a', 'b', 'c']) expect(await start(holder, true)).toBe(true);

    expect(await start('d', true)).toBe(false);
    expect(await start('e')).toBe(true);
  });
});
