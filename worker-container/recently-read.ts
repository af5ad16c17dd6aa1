/**
 * What a runner has read of late and what never changes once it is stored: jobs that follow each other in a session
 * ask for the same again, and each call that they are spared is a part of the time until their callback.
 */

/** Remembers the `most` values that were asked for last; a read that fails, or finds nothing, is made again. */
export const recentlyRead = <T>(
  most: number,
  read: (key: string) => Promise<T>,
): ((key: string) => Promise<T>) => {
  const known = new Map<string, Promise<T>>();
  return async (key) => {
    const reading = known.get(key) ?? read(key);
    known.delete(key);
    known.set(key, reading);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    try {
      const value = await reading;
      if (value === undefined && known.get(key) === reading) known.delete(key);
      return value;
    } catch (error) {
      if (known.get(key) === reading) known.delete(key);
      throw error;
    }
  };
};
