/** Which outcome of an attempt is the job's, and how long the next try waits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffSeconds, endAttempt, nextTry } from '../../../core/running/end-attempt.ts';
import { nodeId } from '../../../core/contracts/keys.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aLine, aSession } from '../../support/sessions.ts';

const NOW = 5_000_000;
const RETRY = { attempts: 3, backoffSeconds: 10 };
const FAILED = { state: 'FAILED', reason: 'ValueError: no' } as const;

describe('nextTry', () => {
  it('is none for a job that declares no retry, for a success and for what was cancelled', () => {
    expect(nextTry({}, FAILED, NOW)).toBeUndefined();
    expect(nextTry({ retry: RETRY }, { state: 'SUCCEEDED' }, NOW)).toBeUndefined();
    expect(nextTry({ retry: RETRY }, { state: 'CANCELLED' }, NOW)).toBeUndefined();
  });

  it.each(['FAILED', 'TIMED_OUT'] as const)(
    'says of a job that ended as %s what it waits for',
    (state) => {
      expect(nextTry({ retry: RETRY }, { state, reason: 'why' }, NOW)).toEqual({
        notBefore: NOW + 10_000,
        reason: 'Try 1 of 3 failed: why. The next begins after 10 s.',
      });
    },
  );

  it('doubles the delay with each try, up to a quarter of an hour', () => {
    const delays = fc.double({ min: 0, max: 900, noNaN: true });
    fc.assert(
      fc.property(delays, fc.integer({ min: 1, max: 10 }), (first, tries) => {
        expect(backoffSeconds(first, tries)).toBe(Math.min(900, first * 2 ** (tries - 1)));
      }),
    );
  });
});

it('tries a failing job as often as it declares, with each reason kept, then lets it fail', async () => {
  const store = memorySessions();
  const session = aSession();
  await store.createSession(session);
  const line = aLine(session.id);
  const jobs = line.jobs.map((job) => ({ ...job, waiting: 0, retry: RETRY }));
  await store.storePlan(session, jobs, [], NOW);
  await store.queueJob(session.id, nodeId(1), NOW);

  const ends = [];
  for (const run of [1, 2, 3]) {
    const lease = await store.leaseJob(session.id, nodeId(1), run, 'runner', NOW + run);
    if (lease.outcome !== 'leased') throw new Error(lease.outcome);
    const outcome = { ...FAILED, reason: `reason ${run}` };
    ends.push(await endAttempt(store, lease.job, outcome, NOW + run + 1));
    expect(await endAttempt(store, lease.job, outcome, NOW)).toBe('superseded');
  }

  expect(ends).toEqual(['tried-again', 'tried-again', 'ended']);
  const job = await store.getJob(session.id, nodeId(1));
  expect(job).toMatchObject({ state: 'FAILED', reason: 'reason 3', attempt: 3, lostAttempts: 0 });
  expect(job?.failedTries).toEqual([
    { attempt: 1, state: 'FAILED', reason: 'reason 1', startedAt: NOW + 1, endedAt: NOW + 2 },
    { attempt: 2, state: 'FAILED', reason: 'reason 2', startedAt: NOW + 2, endedAt: NOW + 3 },
  ]);
});
