/** A call of AWS that takes too long is an outcome, never a hang. */
import { setTimeout as sleep } from 'node:timers/promises';

/** The time given is over; `cause` is the last attempt's error, if one had come. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** Rejects with {@link DeadlinePassed} when the promise has not settled within the limit. */
export const limit = async <T>(promise: Promise<T>, limitMs: number): Promise<T> => {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(limitMs, undefined, { signal: timer.signal }).then(() => {
        throw new DeadlinePassed(`no answer within ${Math.round(limitMs)} ms`);
      }),
    ]);
  } finally {
    timer.abort();
  }
};
