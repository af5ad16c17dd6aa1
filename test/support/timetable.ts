/** Times at which a test sends, whatever the sending before took: else a busy machine stretches the pauses. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Begins now; what is returned resolves so many milliseconds later, or at once when that has passed. */
export const timetable = (): ((ms: number) => Promise<void>) => {
  const start = Date.now();
  return (ms) => sleep(Math.max(0, start + ms - Date.now()));
};
