/** Time that passes only when everything that could happen at the present moment has happened. */

interface Event {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

export class VirtualTime {
  now: number;
  #events: Event[] = [];
  #order = 0;

  constructor(start: number) {
    this.now = start;
  }

  at(time: number, happen: () => void): void {
    const event = { at: Math.max(time, this.now), order: this.#order, happen };
    this.#order += 1;
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#events[middle];
      if (other !== undefined && other.at <= event.at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(this.now + milliseconds, resolve);
    });
  }

  /** Lets everything happen up to `end`. */
  async run(end: number): Promise<void> {
    for (;;) {
      // All microtasks run before this comes back: it takes its turn when their queue is empty.
      await new Promise((resolve) => {
        process.nextTick(resolve);
      });
      const next = this.#events[0];
      if (next === undefined || next.at > end) return;
      this.#events.shift();
      this.now = next.at;
      next.happen();
    }
  }
}
