/** Doing many things at once, but not too many: a burst must not become throttling. */

/** Runs a task as soon as fewer than the allowed number are running; others wait in order. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** At most `maximum` tasks at a time. A task must not wait for another of the same limiter. */
export const limiter = (maximum: number): Limiter => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= maximum) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The place goes to the next in line without being free in between.
      if (next === undefined) running -= 1;
      else next();
    }
  };
};

/**
 * Does all of them, even when some fail, and throws the first failure only when the last has ended: a
 * function that answers while something still runs would be frozen in the middle of it.
 */
export const forEach = async <T>(
  items: Iterable<T>,
  act: (item: T) => Promise<void>,
): Promise<void> => {
  const results = await Promise.allSettled([...items].map(act));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
};

/**
 * The results in the order of the items; at most `most` are being worked on. After a failure no other is begun, and
 * the first failure is thrown when what is under way has ended, for the same reason.
 */
export const inParallel = async <T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  const waiting = items.entries();
  let failed = false;
  const workers = Array.from({ length: Math.min(most, items.length) }, (_, number) => number);
  await forEach(workers, async () => {
    for (const [index, item] of waiting) {
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  return results;
};
