/**
 * Keeps a message from coming back to its queue while it is worked on. A runner that dies stops holding it, and
 * the message is given to another runner when the last hold has passed.
 */
import type { HeldMessage, MessageSource } from '../core/contracts/ports.ts';

export const HOLD_SECONDS = 60;
/** Two extensions may fail before the hold ends. */
const EXTEND_EVERY_MS = 20_000;

export interface MessageHold {
  /** Aborted when the message was lost to somebody else: what is done here counts for nothing then. */
  readonly lost: AbortSignal;
  /** Ends the holding; the message comes back at its last time unless it is deleted or given back. */
  stop(): void;
}

export const holdMessage = (
  source: MessageSource,
  message: HeldMessage,
  onFailure: (error: unknown) => void,
): MessageHold => {
  const lost = new AbortController();
  const timer = setInterval(() => {
    source.hold(message, HOLD_SECONDS).then((held) => {
      if (!held) lost.abort();
    }, onFailure);
  }, EXTEND_EVERY_MS);
  return {
    lost: lost.signal,
    stop: () => {
      clearInterval(timer);
    },
  };
};
