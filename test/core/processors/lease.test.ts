/** When a listener leases a group and when it takes the lease back; that a long quiet time is kept to the second. */
import { describe, expect, it } from 'vitest';
import {
  LEASE_MS,
  promiseOf,
  settleAt,
  settledDelaySeconds,
  settledDueAt,
} from '../../../core/processors/lease.ts';
import { virtualSite } from '../../support/virtual-site.ts';

const NOW = 1_000_000;
const GROUP = { timeoutMs: 5000, capAt: NOW + 3_600_000, acknowledgedAt: NOW - 400 };

describe('a lease', () => {
  it.each([
    ['images keep coming', {}, true, { until: NOW + LEASE_MS, lease: true }],
    ['nobody could take it back', {}, false, { until: NOW + 500 }],
    ['the last image is long ago', { acknowledgedAt: NOW - 60_000 }, true, { until: NOW + 500 }],
    ['the cap is near', { capAt: NOW + 7000 }, true, { until: NOW + 7000, lease: true }],
    ['the cap is at hand', { capAt: NOW + 400 }, true, { until: NOW + 500 }],
    ['a person has it', { held: true }, true, { until: NOW + 500 }],
    ['there is no time to take it back', { timeoutMs: 2900 }, true, { until: NOW + 500 }],
    [
      'inputs are declared',
      { complete: [{ name: 'all', match: 'true', count: 1, countOf: 'instances' as const }] },
      true,
      { until: NOW + 500 },
    ],
    [
      'the clock was set back',
      { acknowledgedAt: NOW + 60, held: true },
      true,
      { until: NOW + 560 },
    ],
  ])('is made, or is none, when %s', (_when, change, canSettle, promise) => {
    expect(promiseOf({ ...GROUP, ...change }, NOW, 500, canSettle)).toEqual(promise);
  });

  it.each([3000, 5000, 7700, 60_000, 3_600_000])(
    'is taken back so that a check is there half a second before a group of %d ms is due',
    (timeoutMs) => {
      const group = { timeoutMs, acknowledgedAt: NOW };
      const left = settledDueAt(group) - settleAt(group);

      const silenceMs = settleAt(group) - NOW;
      expect(silenceMs).toBeLessThanOrEqual(5000);
      expect(left - 500).toBeGreaterThanOrEqual(2000);
      expect(settledDelaySeconds(left)).toBe(Math.min(900, (left - 500) / 1000));
    },
  );

  it.each([5, 7.7, 60, 1800])(
    'leaves a quiet time of %d s as it is: released within a second after it',
    async (timeout) => {
      const site = virtualSite({ CT: { groupBy: ['Study'], timeout } });
      for (let number = 0; number < 40; number += 1) site.send('CT', { at: number / 2, number });

      await site.pass(60 + timeout);

      const [release = 0, ...others] = site.releases();
      expect(others).toEqual([]);
      expect(release - 19.5 - timeout).toBeGreaterThanOrEqual(0);
      expect(release - 19.5 - timeout).toBeLessThan(1);
    },
  );
});
