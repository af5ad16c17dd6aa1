/** SQS's longest delay of one message; what is due later is asked for again. */
const MAX_DELAY_SECONDS = 900;

/** Delay of a message that shall be there when `leftMs` have passed, or at most fifteen minutes from now. */
export const delaySeconds = (leftMs: number): number =>
  Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(leftMs / 1000)));
