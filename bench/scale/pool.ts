/**
 * Runners of one worker under a load, event by event: a job waits until a runner has a free slot; runners are started
 * for the backlog as core/running/runner-pool.ts does it, need a time to boot, and go when they were idle for long enough.
 */
import { runnersNeeded } from '../../core/running/runner-pool.ts';

export interface Pool {
  readonly slots: number;
  readonly maxRunners: number;
  /** From RunTask to the first job taken. */
  readonly bootSeconds: number;
  readonly lingerSeconds: number;
}

export interface PoolOutcome {
  /** Seconds that each job waited, in the order of their starts. */
  readonly waits: readonly number[];
  readonly mostRunners: number;
  /** From the start to the end of all runners together: what is paid for. */
  readonly runnerSeconds: number;
  readonly runnersStarted: number;
}

interface Runner {
  readonly startedAt: number;
  busy: number;
  idleSince: number;
  ended: boolean;
}

type Event =
  | { readonly at: number; readonly kind: 'job'; readonly seconds: number }
  | { readonly at: number; readonly kind: 'ready'; readonly runner: Runner }
  | { readonly at: number; readonly kind: 'done'; readonly runner: Runner }
  | {
      readonly at: number;
      readonly kind: 'linger';
      readonly runner: Runner;
      readonly since: number;
    };

/** Events by time; those of one time in the order in which they were added. */
class Agenda {
  readonly #heap: { readonly event: Event; readonly order: number }[] = [];
  #order = 0;

  add(event: Event): void {
    this.#order += 1;
    this.#heap.push({ event, order: this.#order });
    let child = this.#heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  next(): Event | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length === 0) return first.event;
    this.#heap[0] = last;
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      if (left >= this.#heap.length) return first.event;
      const right = left + 1;
      const child = right < this.#heap.length && this.#before(right, left) ? right : left;
      if (!this.#before(child, parent)) return first.event;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #before(one: number, other: number): boolean {
    const first = this.#heap[one];
    const second = this.#heap[other];
    if (first === undefined || second === undefined) return false;
    return (
      first.event.at < second.event.at ||
      (first.event.at === second.event.at && first.order < second.order)
    );
  }

  #swap(one: number, other: number): void {
    const first = this.#heap[one];
    const second = this.#heap[other];
    if (first === undefined || second === undefined) return;
    this.#heap[one] = second;
    this.#heap[other] = first;
  }
}

/** Works off all `jobs` (seconds at which they are queued, and how long each takes), which may be in any order. */
export const simulatePool = (
  pool: Pool,
  jobs: readonly { readonly at: number; readonly seconds: number }[],
): PoolOutcome => {
  const agenda = new Agenda();
  const runners = new Set<Runner>();
  const ready = new Set<Runner>();
  const waiting: { at: number; seconds: number }[] = [];
  const waits: number[] = [];
  let head = 0;
  let inFlight = 0;
  let mostRunners = 0;
  let runnerSeconds = 0;
  let runnersStarted = 0;
  for (const job of jobs) agenda.add({ kind: 'job', ...job });

  const ensure = (now: number): void => {
    const need = runnersNeeded(waiting.length - head + inFlight, pool) - runners.size;
    for (let count = 0; count < need; count += 1) {
      const runner: Runner = { startedAt: now, busy: 0, idleSince: now, ended: false };
      runners.add(runner);
      runnersStarted += 1;
      agenda.add({ kind: 'ready', at: now + pool.bootSeconds, runner });
    }
    mostRunners = Math.max(mostRunners, runners.size);
  };
  const take = (now: number, runner: Runner): void => {
    while (runner.busy < pool.slots) {
      const job = waiting[head];
      if (job === undefined) break;
      head += 1;
      inFlight += 1;
      runner.busy += 1;
      waits.push(now - job.at);
      agenda.add({ kind: 'done', at: now + job.seconds, runner });
    }
    if (runner.busy > 0) return;
    runner.idleSince = now;
    agenda.add({ kind: 'linger', at: now + pool.lingerSeconds, runner, since: now });
  };

  for (let event = agenda.next(); event !== undefined; event = agenda.next()) {
    const { at: now } = event;
    switch (event.kind) {
      case 'job': {
        waiting.push({ at: now, seconds: event.seconds });
        const free = [...ready].find((runner) => runner.busy < pool.slots);
        if (free === undefined) ensure(now);
        else take(now, free);
        break;
      }
      case 'ready':
        ready.add(event.runner);
        take(now, event.runner);
        break;
      case 'done':
        event.runner.busy -= 1;
        inFlight -= 1;
        take(now, event.runner);
        break;
      case 'linger':
        if (event.runner.busy > 0 || event.runner.idleSince !== event.since) break;
        if (event.runner.ended) break;
        event.runner.ended = true;
        ready.delete(event.runner);
        runners.delete(event.runner);
        runnerSeconds += now - event.runner.startedAt;
    }
  }
  return { waits, mostRunners, runnerSeconds, runnersStarted };
};
