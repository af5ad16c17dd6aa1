/** When to ask again: as often as a page wants while it is answered, ever more seldom while it is not. */

const LONGEST_MS = 60_000;

/** `failures`: how often in a row it has not been answered. */
export const pauseMs = (everyMs: number, failures: number): number =>
  failures === 0 ? everyMs : Math.min(LONGEST_MS, Math.max(1000, everyMs) * 2 ** failures);
