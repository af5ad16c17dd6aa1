/** The times of the `ae-title` processor, in milliseconds; why they are safe: docs/architecture.md, "Grouping, exactly". */

/** W: a listener touches a group at most this often, and what a touch promises holds this long. */
export const TOUCH_INTERVAL_MS = 500;

/** The largest difference between the clocks of any two of our programs. */
export const CLOCK_SKEW_MS = 100;

/** A check waits out so much inside its function; what is due later is asked for again. */
export const MAX_WAIT_IN_CHECK_MS = 2500;

/** SQS's longest delay of one message; longer windows chain messages. */
const MAX_DELAY_SECONDS = 900;

/** A held group's due time lies so much later than that of another: beyond every check, and yet every touch moves it. */
export const HOLD_MS = 100 * 365 * 86_400_000;

/** The due time that a touch at `now` asks for; `allowanceMs` is how long the touch itself may take. */
export const dueTime = (
  now: number,
  group: {
    readonly timeoutMs: number;
    readonly capAt: number;
    readonly held?: boolean | undefined;
  },
  allowanceMs: number = TOUCH_INTERVAL_MS,
): number => {
  const quiet = now + allowanceMs + group.timeoutMs + CLOCK_SKEW_MS;
  return group.held === true ? quiet + HOLD_MS : Math.min(group.capAt, quiet);
};

/** Reading a group's instances costs by their number: a look at a large group waits so much longer for each. */
const LOOK_MS_PER_INSTANCE = 0.2;

/** When everything that relies on a touch is stored, and a look at the declared inputs is worth it. */
export const lookTime = (touchedAt: number, instanceCount: number): number =>
  Math.ceil(touchedAt + TOUCH_INTERVAL_MS + CLOCK_SKEW_MS + instanceCount * LOOK_MS_PER_INSTANCE);

/** Delay of a check's message: the floor less one second, so that the check is there early and waits out the rest. */
export const checkDelaySeconds = (leftMs: number): number =>
  Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.floor(leftMs / 1000) - 1));

/**
 * When the manifest of a group claimed at `now` may be sealed. Before the quiet time has passed, a listener may
 * still rely on its last touch: it must have come to its end first.
 */
export const sealTime = (now: number, quiet: boolean): number =>
  quiet ? now : now + TOUCH_INTERVAL_MS + CLOCK_SKEW_MS;
