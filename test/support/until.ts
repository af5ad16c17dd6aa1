/** Waits for a condition of a running system. */
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 250;

/** Resolves with the first value that is not undefined; fails, saying what was awaited, after `timeoutMs`. */
export const until = async <T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(PAUSE_MS);
  }
};
