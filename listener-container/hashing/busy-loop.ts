/** Whether the event loop of this thread has time left: what it is worth to give to another thread depends on it. */
import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** Over so long it is measured. */
const WINDOW_MS = 50;

/** Busy from here on, and no more when below the second: giving work away makes the loop less busy. */
const BUSY = 0.85;
const NOT_BUSY = 0.5;

export interface LoopClock {
  now(): number;
  eventLoopUtilization(
    now?: EventLoopUtilization,
    before?: EventLoopUtilization,
  ): EventLoopUtilization;
}

/** What it returns is cheap enough to be asked for every instance. */
export const watchLoop = (clock: LoopClock = performance): (() => boolean) => {
  let before = clock.eventLoopUtilization();
  let since = clock.now();
  let busy = false;
  return () => {
    const now = clock.now();
    if (now - since < WINDOW_MS) return busy;
    since = now;
    const current = clock.eventLoopUtilization();
    const { utilization } = clock.eventLoopUtilization(current, before);
    before = current;
    busy = utilization > (busy ? NOT_BUSY : BUSY);
    return busy;
  };
};
