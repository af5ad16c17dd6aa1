/** The Association Request/Reject/Release Timer (PS3.8 section 9.1.5). */
export class Artim {
  readonly #limitMs: number;
  readonly #onExpiry: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number, onExpiry: () => void) {
    this.#limitMs = limitMs;
    this.#onExpiry = onExpiry;
  }

  /** From the beginning, also when it runs. */
  start(): void {
    this.stop();
    this.#timer = setTimeout(this.#onExpiry, this.#limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
