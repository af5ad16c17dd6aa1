/** Tasks of a docker worker at a time: never more than it may have, and no place that nobody gets again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobId, nodeId } from '../../../core/contracts/keys.ts';
import { leavePlace, takePlace } from '../../../core/running/task-places.ts';
import { memoryRunners } from '../../support/memory-cloud.ts';

const WORKER = { name: 'lung', maxRunners: 3 };
const HOUR = 3_600_000;
const run = (number: number) => ({
  ...{ id: jobId('s00000000000000000001', nodeId(number)), run: 1, timeoutSeconds: 600 },
});
const HERE = { spot: false, now: 0 };

describe('the places of a docker worker', () => {
  it('are as many as it may have runners, however its jobs come, twice and at once, and go', async () => {
    const step = fc.record({
      jobs: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 }),
      leave: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const places = memoryRunners();
        const running = new Set<number>();
        for (const { jobs, leave } of steps) {
          if (leave) {
            for (const job of jobs) {
              await leavePlace(places, WORKER.name, run(job), 0);
              running.delete(job);
            }
          } else {
            const started = [...new Set(jobs)];
            const outcomes = await Promise.all(
              started.map((job) => takePlace(places, WORKER, run(job), HERE)),
            );
            for (const [index, job] of started.entries()) if (outcomes[index]) running.add(job);
          }
          const live = await places.liveLeases(WORKER.name, 0);
          expect(live).toHaveLength(running.size);
          expect(running.size).toBeLessThanOrEqual(WORKER.maxRunners);
        }
        for (const job of running) await leavePlace(places, WORKER.name, run(job), 0);
        expect(await takePlace(places, WORKER, run(99), HERE)).toBe(true);
      }),
    );
  });

  it('on Spot capacity are counted apart, so that no urgent job waits for them', async () => {
    const places = memoryRunners();
    for (const number of [1, 2, 3]) {
      expect(await takePlace(places, WORKER, run(number), { ...HERE, spot: true })).toBe(true);
    }

    expect(await takePlace(places, WORKER, run(4), { ...HERE, spot: true })).toBe(false);
    expect(await takePlace(places, WORKER, run(5), HERE)).toBe(true);
  });

  it('are free again an hour after the limit of a job whose end nobody told', async () => {
    const places = memoryRunners();
    for (const number of [1, 2, 3]) await takePlace(places, WORKER, run(number), HERE);
    const at = (now: number) => takePlace(places, WORKER, run(4), { spot: false, now });

    expect(await at(HOUR + 599_000)).toBe(false);
    expect(await at(HOUR + 600_000)).toBe(true);
  });
});
