/**
 * The end of an attempt of a job: its outcome is the job's, unless the job declares `retry` and has tries left.
 * Then the try is kept with its reason, and the job is queued again after a delay that doubles each time. Attempts
 * that were lost with their runner are no tries: they are repeated whatever the job declares.
 */
import { MAXIMUM_BACKOFF_SECONDS } from '../packages/extensions.ts';
import type { FailedTry, JobItem } from '../contracts/items.ts';
import { isFailedJobState } from './states.ts';
import type { JobOutcome, SessionStore } from './session-store.ts';

/** `superseded`: the job is not this attempt's any more, and nothing was changed. */
export type AttemptEnd = 'ended' | 'tried-again' | 'superseded';

/** Seconds between a failed try and the next; `tries` have failed, that one included. */
export const backoffSeconds = (firstSeconds: number, tries: number): number =>
  Math.min(MAXIMUM_BACKOFF_SECONDS, firstSeconds * 2 ** (tries - 1));

/** What the job waits for after this outcome; undefined when the outcome is the job's. */
export const nextTry = (
  job: Pick<JobItem, 'retry' | 'failedTries'>,
  outcome: Pick<JobOutcome, 'state' | 'reason'>,
  now: number,
): { readonly notBefore: number; readonly reason: string } | undefined => {
  const { retry, failedTries = [] } = job;
  const tries = failedTries.length + 1;
  if (retry === undefined || !isFailedJobState(outcome.state) || tries >= retry.attempts) {
    return undefined;
  }
  const delay = backoffSeconds(retry.backoffSeconds, tries);
  const why = outcome.reason ?? outcome.state;
  return {
    notBefore: now + Math.round(delay * 1000),
    reason: `Try ${tries} of ${retry.attempts} failed: ${why}. The next begins after ${delay} s.`,
  };
};

/** `leased` is the item as the attempt's lease left it. */
export const endAttempt = async (
  store: Pick<SessionStore, 'finishJob' | 'retryJob'>,
  leased: JobItem,
  outcome: JobOutcome,
  now: number,
): Promise<AttemptEnd> => {
  const { sessionId, nodeId, attempt, startedAt } = leased;
  const next = nextTry(leased, outcome, now);
  if (next === undefined) {
    const ended = await store.finishJob(sessionId, nodeId, attempt, outcome, now);
    return ended ? 'ended' : 'superseded';
  }
  const failed: FailedTry = {
    attempt,
    state: outcome.state === 'TIMED_OUT' ? 'TIMED_OUT' : 'FAILED',
    reason: outcome.reason ?? outcome.state,
    ...(startedAt === undefined ? {} : { startedAt }),
    endedAt: now,
  };
  return (await store.retryJob(sessionId, nodeId, failed, next)) ? 'tried-again' : 'superseded';
};
