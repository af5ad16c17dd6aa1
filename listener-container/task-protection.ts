/**
 * Tells ECS not to stop this task while it has associations: a deployment or a scale-in takes another task, or
 * waits. Of the container agent's task-protection endpoint, which only tasks of a service have.
 */
import { z } from 'zod';
import type { Clock } from '../core/contracts/ports.ts';
import { errorName, type ListenerLog } from './listener-log.ts';

export interface TaskProtectionOptions {
  /** `ECS_AGENT_URI`, as ECS sets it. */
  readonly agentUri: string;
  readonly associations: () => number;
  readonly clock: Clock;
  readonly log: ListenerLog;
}

/** A task that is gone without a word is not protected for longer than this. */
const EXPIRES_MINUTES = 15;

const MINUTE_MS = 60_000;
const RENEW_BEFORE_MS = 10 * MINUTE_MS;

/** Senders of many small studies come and go every few seconds: not every time is worth a call. */
const QUIET_MS = 30_000;

/**
 * A listener that is never without associations must be replaceable too: after an hour it is unprotected for two
 * minutes. Who is stopped then still has the drain of the load balancer for what is open.
 */
const LONGEST_MS = 60 * MINUTE_MS;
const PAUSE_MS = 2 * MINUTE_MS;

/** Between attempts that fail. */
const RETRY_MS = 10_000;

const TICK_MS = 1000;
const TIMEOUT_MS = 5000;

const Answer = z.object({
  failure: z.object({ Reason: z.string() }).optional(),
  error: z.object({ Code: z.string() }).optional(),
});

export class TaskProtection {
  readonly #options: TaskProtectionOptions;
  #lastBusy = -Infinity;
  /** Since when without a pause; undefined: not protected. */
  #since: number | undefined;
  #until = -Infinity;
  #pausedUntil = -Infinity;
  #notBefore = -Infinity;
  #refused = false;
  #calling = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TaskProtectionOptions) {
    this.#options = options;
  }

  /** Looks once each second, until {@link stop}. */
  begin(): void {
    this.#timer = setInterval(() => {
      void this.look();
    }, TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Brings the protection in line with what is so now; resolves when the agent has answered, if it had to be asked. */
  async look(): Promise<void> {
    const now = this.#options.clock();
    if (this.#options.associations() > 0) this.#lastBusy = now;
    if (this.#since !== undefined && now - this.#since >= LONGEST_MS) {
      this.#pausedUntil = now + PAUSE_MS;
    }
    if (this.#calling || now < this.#notBefore) return;
    const wanted = now - this.#lastBusy < QUIET_MS && now >= this.#pausedUntil;
    const due = wanted ? this.#until - now < RENEW_BEFORE_MS : this.#since !== undefined;
    if (!due) return;
    this.#calling = true;
    const problem = await this.#ask(wanted);
    this.#calling = false;
    this.#notBefore = problem === undefined ? -Infinity : now + RETRY_MS;
    this.#tell(problem);
    if (problem !== undefined) return;
    this.#since = wanted ? (this.#since ?? now) : undefined;
    this.#until = wanted ? now + EXPIRES_MINUTES * MINUTE_MS : -Infinity;
  }

  /** Undefined when the agent has done it. */
  async #ask(wanted: boolean): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.#options.agentUri}/task-protection/v1/state`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          wanted
            ? { ProtectionEnabled: true, ExpiresInMinutes: EXPIRES_MINUTES }
            : { ProtectionEnabled: false },
        ),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const { failure, error } = Answer.catch({}).parse(await response.json());
      const reason = failure?.Reason ?? error?.Code;
      return reason ?? (response.ok ? undefined : `status ${response.status}`);
    } catch (error) {
      return errorName(error);
    }
  }

  /** Once when it begins to fail, and once when it works again. */
  #tell(problem: string | undefined): void {
    const { log } = this.#options;
    if (problem !== undefined && !this.#refused) {
      log.warn('ECS does not protect this task; its associations have the drain only', { problem });
    }
    if (problem === undefined && this.#refused) log.info('ECS protects this task again');
    this.#refused = problem !== undefined;
  }
}
