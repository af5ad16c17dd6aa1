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
  /** Goes on through pauses, which only move the end away: one that rings early is set again. */
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #bytes = 0;

  constructor(limitMs: number, onExpiry: () => void) {
    this.#limitMs = limitMs;
    this.#remainingMs = limitMs;
    this.#onExpiry = onExpiry;
  }

  /** From now on the peer's time runs. */
  waitForPeer(): void {
    if (this.#waitingSince !== undefined || this.#stopped) return;
    this.#waitingSince = performance.now();
    if (this.#timer === undefined) this.#ringIn(this.#remainingMs);
  }

  /** From now on ours does. */
  pause(): void {
    if (this.#waitingSince === undefined) return;
    this.#remainingMs = this.#left(this.#waitingSince);
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

  /** There is no peer any more. */
  stop(): void {
    this.#stopped = true;
    this.#waitingSince = undefined;
    clearTimeout(this.#timer);
  }

  #left(since: number): number {
    return Math.max(0, this.#remainingMs - (performance.now() - since));
  }

  #ringIn(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waitingSince === undefined) return;
      const left = this.#left(this.#waitingSince);
      if (left > 0) this.#ringIn(left);
      else this.#onExpiry();
    }, milliseconds);
  }
}
