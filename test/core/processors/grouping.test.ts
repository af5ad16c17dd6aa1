/** How soon a group is released, and what it costs, when nothing fails; what becomes of an incomplete or an empty one. */
import { describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS } from '../../../core/contracts/due-time.ts';
import { TOUCH_INTERVAL_MS } from '../../../core/processors/timing.ts';
import { simulate, TIMEOUT_MS } from '../../support/grouping-simulation.ts';
import { violations } from '../../support/grouping-invariants.ts';
import type { Scenario } from '../../support/grouping-scenario.ts';

const QUIET: Scenario = {
  seed: 1,
  listeners: 2,
  keys: 1,
  instances: 200,
  spreadMs: 12_000,
  maxWaitSeconds: 3600,
  resends: 0,
  slowCalls: 0,
  failedCalls: 0,
  lostMessages: 0,
  repeatedMessages: 0,
  crashes: 0,
  manualReleases: 0,
  late: 'new',
  lateWindowSeconds: 86_400,
  declared: 0,
  onIncomplete: 'run',
  versions: 0,
  duplicates: 'keepBoth',
  resendPolicy: 'acknowledge',
};

describe('grouping', () => {
  it('releases within a second after the quiet time when nothing fails', async () => {
    const late = await Promise.all(
      [1, 2, 3, 4, 5].map(async (seed) => {
        const { acknowledged, claims } = await simulate({ ...QUIET, seed });
        const last = Math.max(...acknowledged.map(({ at }) => at));
        return Math.max(...claims.map(({ at }) => at)) - last - TIMEOUT_MS;
      }),
    );

    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(TOUCH_INTERVAL_MS + CLOCK_SKEW_MS + 200);
  });

  it('releases a group within two seconds after the last of its declared inputs, long before its time', async () => {
    const seeds = [1, 2, 3, 4, 5];
    const late = await Promise.all(
      seeds.map(async (seed) => {
        const { acknowledged, claims } = await simulate({
          ...{ ...QUIET, seed, instances: 20, spreadMs: 3000 },
          declared: 20,
        });
        expect(claims.map(({ because }) => because)).toEqual(['complete']);
        return (claims[0]?.at ?? 0) - Math.max(...acknowledged.map(({ at }) => at));
      }),
    );

    expect(Math.max(...late)).toBeLessThan(TOUCH_INTERVAL_MS * 2 + CLOCK_SKEW_MS + 200);
  });

  it.each([
    ['run', ['quiet'], 2],
    ['discard', ['discarded'], 0],
    ['hold', ['manual'], 2],
  ] as const)(
    'does with a group that stays incomplete as its AE title says: %s',
    async (onIncomplete, because, sessionCount) => {
      const result = await simulate({
        ...{ ...QUIET, instances: 19, spreadMs: 2000 },
        ...{ declared: 20, onIncomplete },
      });

      expect(result.claims.map((claim) => claim.because)).toEqual(because);
      expect(result.sessions.size).toBe(sessionCount);
      expect(violations(result)).toEqual([]);
      expect(result.heldToTheEnd).toHaveLength(onIncomplete === 'hold' ? 1 : 0);
      const [decision] = result.groups.decisions;
      expect(decision?.message).toContain('"all" has 19 of 20');
    },
  );

  it('touches a busy group twice a second and not for every instance', async () => {
    const { groups, claims, touches } = await simulate({ ...QUIET, instances: 1000 });

    expect(claims).toHaveLength(1);
    expect(touches).toBeLessThanOrEqual(QUIET.listeners * (QUIET.spreadMs / TOUCH_INTERVAL_MS));
    expect([...groups.groupItems.values()].map(({ instanceCount }) => instanceCount)).toEqual([
      1000,
    ]);
  });

  it(
    'counts the quiet time from the acknowledgement of another version as well, however slow the table is',
    { timeout: 60_000 },
    async () => {
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, seed) =>
          simulate({ ...QUIET, seed, instances: 20, slowCalls: 0.3, versions: 0.5 }),
        ),
      );

      expect(results.flatMap(violations)).toEqual([]);
    },
  );

  it(
    'closes a generation to which nobody belongs without a session',
    { timeout: 60_000 },
    async () => {
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, seed) =>
          simulate({ ...QUIET, seed, slowCalls: 0.3, resends: 0.5, manualReleases: 0.5 }),
        ),
      );

      const empty = results.flatMap(({ groups }) =>
        [...groups.groupItems.values()].filter(({ closedBecause }) => closedBecause === 'empty'),
      );
      expect(empty.length).toBeGreaterThan(0);
      expect(empty.every(({ sessions }) => sessions.length === 0)).toBe(true);
    },
  );
});
