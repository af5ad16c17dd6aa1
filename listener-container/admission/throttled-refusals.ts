/**
 * At most one record a minute of the same refusal: a scanner that tries every second must not fill the table.
 * The first is recorded at once, those that follow as one with their number when the minute is over.
 */
import type { AssociationAttempt, Decision, DecisionLog, RefusalLog } from './admission-policy.ts';

const WINDOW_MS = 60_000;

/** Who changes its AE title with each attempt is counted as one beyond this. */
const MAXIMUM_KINDS = 200;
const OTHERS = 'others';

interface Window {
  readonly attempt: AssociationAttempt;
  readonly decision: Decision;
  more: number;
  readonly timer: NodeJS.Timeout;
}

export class ThrottledRefusals implements RefusalLog {
  readonly #log: DecisionLog;
  readonly #windowMs: number;
  readonly #windows = new Map<string, Window>();

  constructor(log: DecisionLog, windowMs = WINDOW_MS) {
    this.#log = log;
    this.#windowMs = windowMs;
  }

  async record(attempt: AssociationAttempt, refusal: Decision): Promise<void> {
    const { calledAeTitle, callingAeTitle, remoteAddress } = attempt;
    // By its sentence and not by its code: another remedy has to be found at once.
    const own = JSON.stringify([calledAeTitle, callingAeTitle, remoteAddress, refusal.message]);
    const kind = this.#windows.has(own) || this.#windows.size < MAXIMUM_KINDS ? own : OTHERS;
    const open = this.#windows.get(kind);
    if (open !== undefined) {
      open.more += 1;
      return;
    }
    const timer = setTimeout(() => {
      void this.#end(kind);
    }, this.#windowMs);
    timer.unref();
    this.#windows.set(kind, { attempt, decision: refusal, more: 0, timer });
    await this.#log.record(attempt, refusal);
  }

  /** Records what was counted and not recorded yet. */
  async flush(): Promise<void> {
    await Promise.all([...this.#windows.keys()].map((kind) => this.#end(kind)));
  }

  async #end(kind: string): Promise<void> {
    const window = this.#windows.get(kind);
    if (window === undefined) return;
    this.#windows.delete(kind);
    clearTimeout(window.timer);
    const { attempt, decision, more } = window;
    if (more === 0) return;
    const whose = kind === OTHERS ? ' or for similar reasons' : '';
    await this.#log.record(attempt, {
      code: decision.code,
      message: `${decision.message} (${more} more within a minute${whose})`,
    });
  }
}
