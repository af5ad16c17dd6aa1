/** What came in and nobody has asked for yet, or who asks and has to wait, for a limited time. One asks at a time. */
export class Inbox<T> {
  readonly #timeoutMs: number;
  readonly #onTimeout: () => void;
  readonly #items: T[] = [];
  #waiter: { resolve: (item: T) => void; reject: (failure: Error) => void } | undefined;
  #failure: Error | undefined;

  /** `onTimeout` has to call {@link fail}. */
  constructor(timeoutMs: number, onTimeout: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onTimeout = onTimeout;
  }

  get awaited(): boolean {
    return this.#waiter !== undefined;
  }

  put(item: T): void {
    if (this.#waiter === undefined) this.#items.push(item);
    this.#waiter?.resolve(item);
    this.#waiter = undefined;
  }

  /** Nothing more will come: whoever waits, or asks later for what is not there, gets the failure. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#waiter?.reject(this.#failure);
    this.#waiter = undefined;
  }

  async next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return item;
    if (this.#failure !== undefined) throw this.#failure;
    const timer = setTimeout(this.#onTimeout, this.#timeoutMs);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiter = { resolve, reject };
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
