/**
 * Repairs sessions, each minute: those without a running execution, jobs without one, queued jobs whose
 * message is gone, queues that nobody serves. It compares what is stored with what runs and starts again what
 * was lost, under a new run number; whatever is in order is left alone, and what changed a moment ago too.
 */
import type { WorkerItem } from '../contracts/worker-item.ts';
import type { JobItem, SessionItem } from '../contracts/items.ts';
import { executionName } from '../contracts/keys.ts';
import type { Advance, SessionInput } from '../contracts/messages.ts';
import { qualified } from '../contracts/platform-versions.ts';
import type { Clock, Executions, Queues, StoppedTask } from '../contracts/ports.ts';
import { forEach, limiter, type Limiter } from './concurrency.ts';
import { backlogOf } from './ensure-runners.ts';
import { inTurn } from './in-turn.ts';
import type { RunnerPool } from './runner-pool.ts';
import type { SessionStore } from './session-store.ts';
import { startJob, workerOf, workQueueUrl } from './start-job.ts';
import { isActiveJobState, isTerminalSessionState } from './states.ts';

/** Milliseconds in which whoever changed something is still at it. */
export const GRACE_MS = 10_000;

/** Milliseconds after which a message must be seen in its queue: SQS tells the depth with up to a minute's delay. */
export const MESSAGE_GONE_MS = 60_000;

/** The same for a job that a runner has: its message is held, and deleted only after the job has ended. */
export const HELD_MESSAGE_GONE_MS = 180_000;

/** Milliseconds before a job is compared with its execution: most have ended by then, and cost no call. */
export const JOB_LOOK_AFTER_MS = 60_000;

/**
 * Step Functions answers 15 DescribeExecution calls a second in its smaller regions, and the sweep has 55 s for
 * all of them; of more than that, some are looked at in this minute and the others in the next ones.
 */
const MAX_SESSIONS = 200;
const MAX_JOBS = 400;
const ROUND_MS = 60_000;

/** Step Functions refills 15 DescribeExecution calls a second in its smaller regions. */
const CALLS_AT_A_TIME = 8;

export interface SweepSessionsDependencies {
  readonly sessions: Pick<
    SessionStore,
    'listSessions' | 'getSession' | 'getJobs' | 'restartSession' | 'requeueJob'
  >;
  readonly executions: Pick<Executions, 'start' | 'status' | 'stop'>;
  readonly queues: Queues;
  readonly runners: Pick<RunnerPool, 'removeAllLeases'>;
  readonly workers: {
    get(name: string): Promise<WorkerItem | undefined>;
    list(): Promise<WorkerItem[]>;
  };
  readonly dockerQueueUrl: string;
  /** What ECS knows of the task of a run of a docker worker's job; `settle` acts on one that has stopped. */
  readonly jobTask: {
    readonly look: (startedBy: string) => Promise<'running' | 'unknown' | StoppedTask>;
    readonly settle: (run: { jobId: string; run: number }, task: StoppedTask) => Promise<unknown>;
  };
  readonly sessionMachineArn: string;
  readonly jobMachineArn: string;
  readonly workQueueUrlPrefix: string;
  readonly advanceQueueUrl: string;
  readonly clock: Clock;
}

/** What was repaired, in numbers. */
export interface SweepSessionsReport {
  sessionsLookedAt: number;
  sessionsRestarted: number;
  jobsRestarted: number;
  runnersAskedFor: number;
}

export interface SweepOptions {
  /** Everything was stopped, runners included: nothing is too young to look at, and no lease holds. */
  readonly startup: boolean;
}

class SessionSweep {
  readonly report: SweepSessionsReport = {
    sessionsLookedAt: 0,
    sessionsRestarted: 0,
    jobsRestarted: 0,
    runnersAskedFor: 0,
  };
  readonly #deps: SweepSessionsDependencies;
  readonly #startup: boolean;
  readonly #limit: Limiter = limiter(CALLS_AT_A_TIME);
  /** Of the sessions looked at: their jobs that are somebody's. */
  readonly #active: JobItem[] = [];
  /** Of those sessions: the definition with which their jobs' executions start. */
  readonly #jobMachines = new Map<string, string>();
  /** Asked once a sweep for each queue. */
  readonly #empty = new Map<string, Promise<boolean>>();

  constructor(deps: SweepSessionsDependencies, { startup }: SweepOptions) {
    this.#deps = deps;
    this.#startup = startup;
  }

  async all(): Promise<void> {
    const { sessions, workers, runners } = this.#deps;
    const installed = await workers.list();
    if (this.#startup)
      await forEach(installed, async ({ name }) => {
        await runners.removeAllLeases(name);
      });
    const listed = (
      await Promise.all([sessions.listSessions('PLANNING'), sessions.listSessions('RUNNING')])
    ).flat();
    const ids = this.#inTurn([...new Set(listed.map(({ id }) => id))], (id) => id, MAX_SESSIONS);
    // What one of them cannot do keeps no other from being done.
    const done = await Promise.allSettled([
      forEach(ids, (id) => this.#session(id)).finally(() => this.#jobs()),
      forEach(installed, (worker) => this.#worker(worker)),
    ]);
    for (const result of done) if (result.status === 'rejected') throw result.reason;
  }

  /** At a start, all of them. */
  #inTurn<T>(items: readonly T[], idOf: (item: T) => string, most: number): readonly T[] {
    if (this.#startup) return items;
    return inTurn(items, idOf, most, Math.floor(this.#deps.clock() / ROUND_MS));
  }

  async #jobs(): Promise<void> {
    const old = this.#active.filter(
      ({ queuedAt, startedAt }) =>
        this.#startup || this.#ageOf(queuedAt, startedAt) >= JOB_LOOK_AFTER_MS,
    );
    await forEach(
      this.#inTurn(old, ({ id }) => id, MAX_JOBS),
      (job) => this.#job(job),
    );
  }

  #isYoung(...times: readonly (number | undefined)[]): boolean {
    return !this.#startup && this.#ageOf(...times) < GRACE_MS;
  }

  #ageOf(...times: readonly (number | undefined)[]): number {
    return this.#deps.clock() - Math.max(...times.map((time) => time ?? 0));
  }

  async #session(id: string): Promise<void> {
    // The index lags behind; what is decided on is the item itself.
    const session = await this.#limit(() => this.#deps.sessions.getSession(id));
    if (session === undefined || isTerminalSessionState(session.state)) return;
    if (this.#isYoung(session.createdAt, session.startedAt)) return;
    this.report.sessionsLookedAt += 1;
    await this.#restartIfLost(session);
    if (session.state !== 'RUNNING') return;
    this.#jobMachines.set(id, qualified(this.#deps.jobMachineArn, session.versions?.jobMachine));
    const jobs = await this.#limit(() => this.#deps.sessions.getJobs(id));
    this.#active.push(...jobs.filter((job) => job.kind === 'job' && isActiveJobState(job.state)));
    await this.#limit(() =>
      this.#deps.queues.send(this.#deps.advanceQueueUrl, { sessionId: id } satisfies Advance),
    );
  }

  #startSession(session: SessionItem, run: number): Promise<unknown> {
    return this.#deps.executions.start(
      qualified(this.#deps.sessionMachineArn, session.versions?.sessionMachine),
      executionName(session.id, run),
      { sessionId: session.id, run } satisfies SessionInput,
    );
  }

  async #restartIfLost(session: SessionItem): Promise<void> {
    const { executions, sessions, sessionMachineArn } = this.#deps;
    await this.#limit(async () => {
      const name = executionName(session.id, session.run);
      const status = await executions.status(sessionMachineArn, name);
      if (status === 'RUNNING') return;
      if (status === 'ABSENT') {
        // Never started: the name is free, and Step Functions lets one of several callers have it.
        await this.#startSession(session, session.run);
      } else {
        if (!(await sessions.restartSession(session.id, session.run))) return;
        await this.#startSession(session, session.run + 1);
      }
      this.report.sessionsRestarted += 1;
    });
  }

  async #job(job: JobItem): Promise<void> {
    const { executions, jobMachineArn } = this.#deps;
    await this.#limit(async () => {
      const name = executionName(job.id, job.run);
      const status = await executions.status(jobMachineArn, name);
      if (status === 'ABSENT') {
        await this.#startJob(job);
        this.report.jobsRestarted += 1;
      } else if (status !== 'RUNNING') {
        await this.#restartJob(job);
      } else if ((await this.#deps.workers.get(workerOf(job)))?.type === 'docker') {
        await this.#dockerJob(job);
      } else if (await this.#messageIsGone(job)) {
        if (await this.#restartJob(job)) {
          await executions.stop(jobMachineArn, name, 'Its message is gone; the job runs again.');
        }
      }
    });
  }

  #startJob(job: JobItem): Promise<unknown> {
    const jobMachineArn = this.#jobMachines.get(job.sessionId) ?? this.#deps.jobMachineArn;
    return startJob({ ...this.#deps, jobMachineArn }, job);
  }

  /** The event of its task's end may have been lost; on one computer there are none. */
  async #dockerJob(job: JobItem): Promise<void> {
    const task = await this.#deps.jobTask.look(executionName(job.id, job.run));
    if (task === 'running') return;
    if (task !== 'unknown') {
      await this.#deps.jobTask.settle({ jobId: job.id, run: job.run }, task);
      return;
    }
    // Its message waits for capacity, or is gone with its task.
    if (this.#startup || this.#ageOf(job.queuedAt, job.startedAt) >= HELD_MESSAGE_GONE_MS) {
      const { executions, jobMachineArn } = this.#deps;
      if (await this.#restartJob(job)) {
        const name = executionName(job.id, job.run);
        await executions.stop(jobMachineArn, name, 'Its task is gone; the job runs again.');
      }
    }
  }

  async #restartJob(job: JobItem): Promise<boolean> {
    const { sessions, clock } = this.#deps;
    const queued = await sessions.requeueJob(job.sessionId, job.nodeId, job.run, clock());
    if (queued === undefined) return false;
    await this.#startJob(queued);
    this.report.jobsRestarted += 1;
    return true;
  }

  async #messageIsGone(job: JobItem): Promise<boolean> {
    const goneAfter = job.state === 'QUEUED' ? MESSAGE_GONE_MS : HELD_MESSAGE_GONE_MS;
    if (this.#ageOf(job.queuedAt, job.startedAt) < goneAfter) return false;
    const { queues, workQueueUrlPrefix } = this.#deps;
    const url = workQueueUrl(workQueueUrlPrefix, workerOf(job), job.priority);
    const empty =
      this.#empty.get(url) ??
      queues
        .depth(url)
        .then(({ waiting, inFlight, delayed }) => waiting + inFlight + delayed === 0);
    this.#empty.set(url, empty);
    return empty;
  }

  async #worker({ name, type }: WorkerItem): Promise<void> {
    if (type === 'docker') return;
    const { waiting } = await backlogOf(this.#deps, name);
    if (waiting === 0) return;
    await this.#deps.queues.send(this.#deps.advanceQueueUrl, {
      ensureRunner: { worker: name },
    } satisfies Advance);
    this.report.runnersAskedFor += 1;
  }
}

export const sweepSessions = async (
  deps: SweepSessionsDependencies,
  options: SweepOptions,
): Promise<SweepSessionsReport> => {
  const sweep = new SessionSweep(deps, options);
  await sweep.all();
  return sweep.report;
};
