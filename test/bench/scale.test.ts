/** The simulator of a peak hour: what it must never do, whatever the load, and that it finds what breaks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivals, PEAK_HOUR } from '../../bench/scale/load.ts';
import { simulatePool, type Pool } from '../../bench/scale/pool.ts';
import { exponential, seeded } from '../../bench/scale/random.ts';
import { broken, SCENARIOS, simulate } from '../../bench/scale/simulation.ts';

const POOL: Pool = { slots: 1, maxRunners: 2, bootSeconds: 100, lingerSeconds: 50 };

const pools = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  maxRunners: fc.integer({ min: 1, max: 5 }),
  bootSeconds: fc.integer({ min: 0, max: 300 }),
  lingerSeconds: fc.integer({ min: 0, max: 300 }),
});
const jobLists = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 3600 }),
    seconds: fc.integer({ min: 1, max: 600 }),
  }),
  { maxLength: 60 },
);

describe('a pool of runners', () => {
  it('lets the first job wait for the boot, and one that comes while the runner lingers not at all', () => {
    const { waits, runnersStarted } = simulatePool(POOL, [
      { at: 0, seconds: 10 },
      { at: 130, seconds: 10 },
    ]);

    expect(waits).toEqual([100, 0]);
    expect(runnersStarted).toBe(1);
  });

  it('boots again for a job that comes after the runner has gone, and pays until then', () => {
    const { waits, runnerSeconds } = simulatePool(POOL, [
      { at: 0, seconds: 10 },
      { at: 1000, seconds: 10 },
    ]);

    expect(waits).toEqual([100, 100]);
    expect(runnerSeconds).toBe(2 * (100 + 10 + 50));
  });

  it('starts no more runners than it may, and the jobs wait in turn', () => {
    const jobs = Array.from({ length: 4 }, () => ({ at: 0, seconds: 60 }));

    const { waits, mostRunners } = simulatePool(POOL, jobs);

    expect(mostRunners).toBe(2);
    expect(waits).toEqual([100, 100, 160, 160]);
  });

  it('works off every job, never with more runners than allowed, whatever comes', () => {
    fc.assert(
      fc.property(pools, jobLists, (pool, jobs) => {
        const outcome = simulatePool(pool, jobs);
        const work = jobs.reduce((sum, { seconds }) => sum + seconds, 0);

        expect(outcome.waits).toHaveLength(jobs.length);
        expect(Math.min(0, ...outcome.waits)).toBe(0);
        expect(outcome.mostRunners).toBeLessThanOrEqual(pool.maxRunners);
        expect(outcome.runnerSeconds * pool.slots).toBeGreaterThanOrEqual(work);
      }),
    );
  });
});

describe('the arrivals of an hour', () => {
  it('are as many as asked for on average, with bursts and without', () => {
    for (const inBursts of [0, 0.4, 1]) {
      const hours = 200;
      const times = arrivals({ ...PEAK_HOUR, inBursts, hours }, seeded(3));

      expect(times.length / hours).toBeGreaterThan(0.9 * PEAK_HOUR.studiesPerHour);
      expect(times.length / hours).toBeLessThan(1.1 * PEAK_HOUR.studiesPerHour);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    }
  });

  it('are the same for the same seed only', () => {
    expect(arrivals(PEAK_HOUR, seeded(1))).toEqual(arrivals(PEAK_HOUR, seeded(1)));
    expect(arrivals(PEAK_HOUR, seeded(1))).not.toEqual(arrivals(PEAK_HOUR, seeded(2)));
  });

  it('come from numbers with the mean that was asked for', () => {
    const random = seeded(5);
    const drawn = Array.from({ length: 20_000 }, () => exponential(random, 10));

    expect(drawn.reduce((sum, value) => sum + value, 0) / drawn.length).toBeCloseTo(10, 0);
  });
});

describe('the peak hours', () => {
  const outcomes = SCENARIOS.map((scenario) => ({ scenario, outcome: simulate(scenario, 7) }));
  const named = (name: string) => {
    const found = outcomes.find(({ scenario }) => scenario.name === name);
    if (found === undefined) throw new Error(name);
    return found.outcome;
  };

  it('of one hospital need more GPUs than a new account has, and nothing else', () => {
    const [first, ...others] = broken(named('250 studies/h, as deployed'));

    expect(first).toMatch(/GPU.*maxRunners.*quota/);
    expect(others.filter((text) => !text.includes('runners'))).toEqual([]);
  });

  it('of a hundred of them break more than runners, and say what moves it', () => {
    const breaks = broken(named('25000 studies/h, runners as needed'));

    expect(breaks.length).toBeGreaterThan(1);
    for (const text of breaks) expect(text).toMatch(/: .{10}/);
  });
});
