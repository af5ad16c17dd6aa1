/** A call of AWS that takes too long is an outcome, never a hang. */

/** The time given is over; `cause` is the last attempt's error, if one had come. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** Rejects with {@link DeadlinePassed} when the promise has not settled within the limit. */
export const limit = <T>(promise: Promise<T>, limitMs: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new DeadlinePassed(`no answer within ${Math.round(limitMs)} ms`));
    }, limitMs);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
