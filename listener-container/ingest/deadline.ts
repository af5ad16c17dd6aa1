/** Attempts until a deadline, with growing random pauses: a slow or failing AWS is an outcome, never a hang. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlinePassed, limit } from '../../aws/time-limit.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

export interface DeadlineOptions {
  /** From now, for all attempts together. */
  readonly deadlineMs: number;
  /** For one attempt. */
  readonly attemptMs: number;
  /** Errors that no further attempt can mend are passed on at once. */
  readonly isFinal: (error: unknown) => boolean;
}

/** `attempt` may be called again while an earlier call that ran out of its time still goes on. */
export const untilDeadline = async <T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { deadlineMs, attemptMs, isFinal }: DeadlineOptions,
): Promise<T> => {
  const end = performance.now() + deadlineMs;
  let cause: unknown;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    const left = end - performance.now();
    if (left <= 0) throw new DeadlinePassed('the deadline has passed', { cause });
    const stop = new AbortController();
    try {
      return await limit(attempt(stop.signal), Math.min(left, attemptMs));
    } catch (error) {
      stop.abort();
      if (isFinal(error)) throw error;
      cause = error;
    }
    await sleep(Math.max(0, Math.min(Math.random() * pauseMs, end - performance.now())));
  }
};
