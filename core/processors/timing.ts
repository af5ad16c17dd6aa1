/** The times of the `ae-title` processor, in milliseconds; why they are safe: docs/architecture.md, "Grouping, exactly". */
import { CLOCK_SKEW_MS, promisedUntil } from '../contracts/due-time.ts';
import type { GroupItem } from '../contracts/items.ts';

/** W: what a touch promises that is no lease. A group that no listener has leased is touched at most this often by each. */
export const TOUCH_INTERVAL_MS = 500;

/** A check waits out so much inside its function; what is due later is asked for again. */
export const MAX_WAIT_IN_CHECK_MS = 2500;

/** SQS's longest delay of one message; longer windows chain messages. */
export const MAX_DELAY_SECONDS = 900;

/** Reading a group's instances costs by their number: a look at a large group waits so much longer for each. */
const LOOK_MS_PER_INSTANCE = 0.2;

/** When everything that relies on a touch is stored, and a look at the declared inputs is worth it. */
export const lookTime = (touchedAt: number, instanceCount: number): number =>
  Math.ceil(touchedAt + TOUCH_INTERVAL_MS + CLOCK_SKEW_MS + instanceCount * LOOK_MS_PER_INSTANCE);

/** Delay of a check's message: the floor less one second, so that the check is there early and waits out the rest. */
export const checkDelaySeconds = (leftMs: number): number =>
  Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.floor(leftMs / 1000) - 1));

/**
 * When the manifest of a group claimed at `now` may be sealed: when all that was promised of it is over. At once after its
 * quiet time; of one that is claimed before, listeners may still acknowledge instances.
 */
export const sealTime = (now: number, group: Pick<GroupItem, 'openedAt' | 'promises'>): number =>
  Math.max(now, promisedUntil(group) + CLOCK_SKEW_MS);
