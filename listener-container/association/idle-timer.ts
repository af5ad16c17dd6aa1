/**
 * Cuts off a peer that keeps an association without using it. Only the time in which we wait for the peer
 * counts, never that in which it waits for us; and a trickle of bytes is not use: what counts as progress is
 * a whole message, or enough bytes that no working network takes so long for them.
 */

/** In the 300 s of the default, these are 14 bytes a second. */
const PROGRESS_BYTES = 4096;

export class IdleTimer {
  readonly #limitMs: number;
  readonly #onExpiry: () => void;
  #remainingMs: number;
  #waitingSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;

  constructor(limitMs: number, onExpiry: () => void) {
    this.#limitMs = limitMs;
    this.#remainingMs = limitMs;
    this.#onExpiry = onExpiry;
  }

  /** From now on the peer's time runs. */
  waitForPeer(): void {
    if (this.#timer !== undefined) return;
    this.#waitingSince = performance.now();
    this.#timer = setTimeout(this.#onExpiry, this.#remainingMs);
  }

  /** From now on ours does. */
  pause(): void {
    if (this.#waitingSince === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#remainingMs = Math.max(0, this.#remainingMs - (performance.now() - this.#waitingSince));
    this.#waitingSince = undefined;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= PROGRESS_BYTES) this.progress();
  }

  /** The peer has used the association: its whole time is given back. To be called while paused. */
  progress(): void {
    this.#bytes = 0;
    this.#remainingMs = this.#limitMs;
  }
}
