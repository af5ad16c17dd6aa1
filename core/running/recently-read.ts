/**
 * What a process has read of late and what never changes once it is as it will stay: those that follow each other ask
 * for the same again, and each call that they are spared is a part of the time until a callback begins.
 */

/**
 * Remembers the `most` values that were asked for last, of those that `lasts` says will stay as they are; unless told,
 * of all that were there. A read that fails, or brings what may yet change, is of use to nobody else: also who asked
 * while it was under way reads for itself.
 */
export const recentlyRead = <T>(
  most: number,
  read: (key: string) => Promise<T>,
  lasts: (value: T) => boolean = (value) => value !== undefined,
): ((key: string) => Promise<T>) => {
  const known = new Map<string, Promise<T>>();

  const remember = (key: string, reading: Promise<T>): void => {
    known.delete(key);
    known.set(key, reading);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
  };

  const forget = (key: string, reading: Promise<T>): void => {
    if (known.get(key) === reading) known.delete(key);
  };

  const readNow = (key: string): Promise<T> => {
    const reading = read(key);
    remember(key, reading);
    reading.then(
      (value) => {
        if (!lasts(value)) forget(key, reading);
      },
      () => {
        forget(key, reading);
      },
    );
    return reading;
  };

  return async (key) => {
    const reading = known.get(key);
    if (reading === undefined) return readNow(key);
    remember(key, reading);
    const value = await reading.catch(() => undefined);
    return value !== undefined && lasts(value) ? value : readNow(key);
  };
};
