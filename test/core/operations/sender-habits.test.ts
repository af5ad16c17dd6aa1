/** Who is missed, and who is not: by what was sent at the same time of the last two weeks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HOUR_MS,
  senderName,
  silentSenders,
  withReceptions,
} from '../../../core/operations/sender-habits.ts';

const WEEK_MS = 168 * HOUR_MS;
const NOW = 3000 * WEEK_MS + 40 * HOUR_MS + 180_000;
const CT = senderName('CT1', 'GANTRY');

const receivedAt = (...times: number[]) =>
  withReceptions(
    {},
    times.map((at) => ({ sender: CT, at })),
    NOW,
  );

describe('a sender', () => {
  it('is silent when it sent in these hours a week and two weeks ago, and not now', () => {
    const habits = receivedAt(NOW - WEEK_MS - 3 * HOUR_MS, NOW - 2 * WEEK_MS - 2 * HOUR_MS);

    expect(silentSenders(habits, NOW)).toEqual([CT]);
  });

  it('is not silent once it has sent again', () => {
    const habits = receivedAt(
      ...[NOW - WEEK_MS - 3 * HOUR_MS, NOW - 2 * WEEK_MS - 3 * HOUR_MS],
      NOW - 60_000,
    );

    expect(silentSenders(habits, NOW)).toEqual([]);
  });

  it('is not missed at a time at which it did not send in one of the weeks: a weekend, a holiday', () => {
    const once = receivedAt(NOW - WEEK_MS - 3 * HOUR_MS, NOW - 2 * WEEK_MS - 20 * HOUR_MS);

    expect(silentSenders(once, NOW)).toEqual([]);
  });

  it('is forgotten when it has sent nothing for more than two weeks', () => {
    expect(receivedAt(NOW - 3 * WEEK_MS)).toEqual({});
  });

  it('that sends every hour is never silent, and keeps a bounded number of hours', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 900 }), (hours) => {
        const habits = receivedAt(
          ...Array.from({ length: hours }, (_, index) => NOW - index * HOUR_MS),
        );

        expect(silentSenders(habits, NOW)).toEqual([]);
        expect(habits[CT]?.length).toBeLessThanOrEqual(343);
      }),
      { numRuns: 20 },
    );
  });
});
