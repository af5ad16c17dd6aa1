/**
 * Invariants C (exactly one generation), D (never early) and E (one session per generation and pipeline) under
 * random interleavings; and that the test notices when a part of the rule is missing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS, TOUCH_INTERVAL_MS } from '../../../core/processors/timing.ts';
import { simulate, TIMEOUT_MS } from '../../support/grouping-simulation.ts';
import { violations } from '../../support/grouping-invariants.ts';
import type { Mutation, Scenario } from '../../support/grouping-scenario.ts';

const chance = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }));

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(),
  listeners: fc.integer({ min: 1, max: 3 }),
  keys: fc.integer({ min: 1, max: 2 }),
  instances: fc.integer({ min: 1, max: 40 }),
  spreadMs: fc.constantFrom(2000, 12_000, 40_000),
  maxWaitSeconds: fc.constantFrom(8, 3600),
  resends: chance(0.5),
  slowCalls: chance(0.3),
  failedCalls: chance(0.2),
  lostMessages: chance(0.5),
  repeatedMessages: chance(0.5),
  crashes: chance(0.5),
  manualReleases: chance(0.3),
  late: fc.constantFrom('new', 'rerun', 'hold'),
  lateWindowSeconds: fc.constantFrom(0, 10, 86_400),
  declared: fc.constantFrom(0, 0, 3, 20),
  onIncomplete: fc.constantFrom('run', 'hold', 'discard'),
});

const property = (mutation: Mutation = {}, change: Partial<Scenario> = {}) =>
  fc.asyncProperty(scenarios, async (scenario) => {
    const found = violations(await simulate({ ...scenario, ...change }, mutation));
    if (found.length > 0) throw new Error(found.slice(0, 5).join('; '));
  });

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
};

describe('grouping', () => {
  it(
    'puts every acknowledged instance into exactly one released generation, never early, with one session per pipeline',
    { timeout: 120_000 },
    async () => {
      const outcome = await fc.check(property(), { numRuns: 2000 });

      expect(fc.defaultReportMessage(outcome)).toBeUndefined();
    },
  );

  it.each([
    [
      'a claim does not ask for the due time that was read',
      {
        mutation: { claimWithoutDueTime: true },
        change: { spreadMs: 40_000 },
        notices: /was claimed/,
      },
    ],
    [
      'a listener relies on a touch for longer than the quiet time',
      {
        mutation: { leaseMs: TIMEOUT_MS + 2000 },
        change: { spreadMs: 12_000 },
        notices: /was claimed/,
      },
    ],
    [
      'a group claimed before its quiet time is sealed at once',
      {
        mutation: { sealAtOnce: true },
        change: { spreadMs: 1000, listeners: 1, keys: 1, manualReleases: 1, resends: 0 },
        notices: /is in 0 manifests/,
      },
    ],
    [
      'a held group to which nobody belonged is sealed with what came meanwhile',
      {
        mutation: { emptyIsSealedAsUsual: true },
        change: {
          ...{ late: 'hold', lateWindowSeconds: 86_400, spreadMs: 40_000, keys: 1, listeners: 3 },
          ...{ maxWaitSeconds: 8, slowCalls: 0.3, resends: 0.5, manualReleases: 0 },
        },
        notices: /was released by nobody/,
      },
    ],
  ] satisfies [string, { mutation: Mutation; change: Partial<Scenario>; notices: RegExp }][])(
    'breaks when %s',
    { timeout: 120_000 },
    async (_what, { mutation, change, notices }) => {
      const outcome = await fc.check(property(mutation, change), {
        numRuns: 3000,
        endOnFailure: true,
      });

      expect(String(outcome.errorInstance)).toMatch(notices);
    },
  );

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

  it('closes a generation to which nobody belongs without a session', async () => {
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
  });
});
