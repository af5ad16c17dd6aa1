/**
 * Sees to it that a worker has as many runners as its backlog needs. Two who see the same backlog are kept
 * apart by the pool's lock; who finds it taken, and whoever cannot be sure, leaves a message to look again. After a
 * refusal of ECS the pool pauses, and one message tries again: whoever else comes meanwhile leaves none, or while a
 * quota is exhausted each minute's sweep and each job would add another that comes back for ever.
 */
import { randomUUID } from 'node:crypto';
import type { WorkerItem } from '../contracts/worker-item.ts';
import type { Advance } from '../contracts/messages.ts';
import { ENV } from '../contracts/names.ts';
import type { GpuCapacity } from '../contracts/gpu-capacity.ts';
import type { RunnerLease } from '../contracts/items.ts';
import type { Clock, Queues, TaskCapacity, Tasks } from '../contracts/ports.ts';
import { PRIORITIES, type Priority } from '../contracts/vocabulary.ts';
import { forEach } from './concurrency.ts';
import { runnersNeeded, START_LEASE_MS, type RunnerPool } from './runner-pool.ts';
import type { SessionStore } from './session-store.ts';
import { workerOf, workQueueUrl } from './start-job.ts';
import { capacityOf, gpusOf, runnerSize } from './task-size.ts';

/** A message of an execution that was just started is in its queue by then. */
const LOOK_AGAIN_SECONDS = 2;
const LOCK_TAKEN_SECONDS = 5;
const NOT_STARTED_SECONDS = 10;
/** The message that tries again must not find the pause that it ends. */
const PAUSE_MS = (NOT_STARTED_SECONDS - 1) * 1000;

/** Sessions in which a reason is noted: enough for a person to find it, in bounded time. */
const MAX_NOTED_SESSIONS = 50;

export interface EnsureRunnersDependencies {
  readonly runners: RunnerPool;
  readonly workers: { get(name: string): Promise<WorkerItem | undefined> };
  readonly queues: Queues;
  readonly tasks: Pick<Tasks, 'run'>;
  readonly sessions: Pick<SessionStore, 'listSessions' | 'getJobs' | 'noteQueued'>;
  readonly workQueueUrlPrefix: string;
  readonly advanceQueueUrl: string;
  /** Of the default worker's runners. A runner of any worker is one of them, told by its start whose it is. */
  readonly runnerFamily: string;
  /** Likewise, of those with GPUs. */
  readonly gpuRunnerFamily: string;
  readonly gpuCapacity: GpuCapacity;
  /** Of the runners' task definition: units of CPU, and MiB. */
  readonly runnerSize: { readonly cpu: number; readonly memoryMiB: number };
  readonly onNotStarted: (worker: string, error: unknown) => void;
  readonly clock: Clock;
}

export type EnsureRunnersOutcome =
  | { readonly outcome: 'enough' }
  | { readonly outcome: 'started'; readonly runners: number }
  /** Somebody else is counting; a message was left. */
  | { readonly outcome: 'busy' }
  /** RunTask refused a moment ago; whoever tried left a message to try again. */
  | { readonly outcome: 'paused' }
  /** RunTask refused; the reason is on the waiting jobs, and a message was left. */
  | { readonly outcome: 'not-started'; readonly reason: string }
  | { readonly outcome: 'unknown-worker' };

type Depth = Readonly<Record<'waiting' | 'inFlight', number>>;

/**
 * Jobs of the worker that wait in its queues or are being worked on. Those that are to be tried again later are
 * delayed in their queue and not counted: a runner would have gone before it could have them.
 */
export const backlogOf = async (
  { queues, workQueueUrlPrefix }: Pick<EnsureRunnersDependencies, 'queues' | 'workQueueUrlPrefix'>,
  worker: string,
  priorities: readonly Priority[] = PRIORITIES,
): Promise<Depth> => {
  const depths = await Promise.all(
    priorities.map((priority) => queues.depth(workQueueUrl(workQueueUrlPrefix, worker, priority))),
  );
  return {
    waiting: depths.reduce((sum, depth) => sum + depth.waiting, 0),
    inFlight: depths.reduce((sum, depth) => sum + depth.inFlight, 0),
  };
};

/** Runners of a worker that are counted together, because they take the same jobs. */
interface Pool {
  readonly capacity: TaskCapacity;
  readonly priorities: readonly Priority[];
}

/** One, or two where jobs of some priorities run on Spot capacity: each has as many runners as the worker may. */
const poolsOf = (worker: WorkerItem, gpu: GpuCapacity): readonly Pool[] => {
  const capacities = new Map<TaskCapacity, Priority[]>();
  for (const priority of PRIORITIES) {
    const capacity = capacityOf(worker, priority, gpu);
    capacities.set(capacity, [...(capacities.get(capacity) ?? []), priority]);
  }
  return [...capacities].map(([capacity, priorities]) => ({ capacity, priorities }));
};

const inPool = ({ capacity }: Pool, leases: readonly RunnerLease[]): RunnerLease[] =>
  leases.filter(({ spot = false }) => spot === (capacity === 'gpu-spot'));

const lookAgain = (
  deps: EnsureRunnersDependencies,
  worker: string,
  delaySeconds: number,
): Promise<void> =>
  deps.queues.send(
    deps.advanceQueueUrl,
    { ensureRunner: { worker } } satisfies Advance,
    delaySeconds,
  );

/** Says on the jobs that wait for the worker's runners why none comes. */
export const noteOnQueuedJobs = async (
  deps: Pick<EnsureRunnersDependencies, 'sessions'>,
  worker: string,
  reason: string,
): Promise<void> => {
  const sessions = await deps.sessions.listSessions('RUNNING', MAX_NOTED_SESSIONS);
  for (const session of sessions) {
    const jobs = await deps.sessions.getJobs(session.id);
    const queued = jobs.filter(
      (job) =>
        job.kind === 'job' &&
        job.state === 'QUEUED' &&
        workerOf(job) === worker &&
        job.reason !== reason,
    );
    await forEach(queued, async (job) => {
      await deps.sessions.noteQueued(job.sessionId, job.nodeId, job.run, reason);
    });
  }
};

/** What a runner has to know of its worker; what is absent is as the default worker has it. */
const environmentOf = (worker: WorkerItem, { priorities }: Pool): Record<string, string> => ({
  [ENV.worker]: worker.name,
  [ENV.runnerSlots]: String(worker.slots),
  ...(worker.lingerSeconds === undefined
    ? {}
    : { [ENV.runnerLingerSeconds]: String(worker.lingerSeconds) }),
  ...(priorities.length === PRIORITIES.length
    ? {}
    : { [ENV.runnerPriorities]: priorities.join(',') }),
});

const startOne = async (
  deps: EnsureRunnersDependencies,
  config: WorkerItem,
  pool: Pool,
): Promise<void> => {
  const worker = config.name;
  const { capacity } = pool;
  const runnerId = randomUUID();
  await deps.runners.addLease({
    ...{ worker, runnerId, leaseUntil: deps.clock() + START_LEASE_MS[capacity] },
    ...(capacity === 'gpu-spot' ? { spot: true } : {}),
  });
  let taskArn;
  try {
    taskArn = await deps.tasks.run({
      family: capacity === 'fargate' ? deps.runnerFamily : deps.gpuRunnerFamily,
      startedBy: runnerId,
      environment: { [ENV.runnerId]: runnerId, ...environmentOf(config, pool) },
      capacity,
      size: runnerSize(config, capacity, deps.runnerSize),
      gpus: capacity === 'fargate' ? 0 : gpusOf(config),
    });
  } catch (error) {
    await deps.runners.removeLease(worker, runnerId);
    throw error;
  }
  await deps.runners.setTask(worker, runnerId, taskArn);
};

interface CountedPool {
  readonly pool: Pool;
  readonly need: number;
}

const startMissing = async (
  deps: EnsureRunnersDependencies,
  config: WorkerItem,
  pools: readonly CountedPool[],
): Promise<EnsureRunnersOutcome> => {
  const worker = config.name;
  const live = await deps.runners.liveLeases(worker, deps.clock());
  const missing = pools.flatMap(({ pool, need }) =>
    Array.from({ length: Math.max(0, need - inPool(pool, live).length) }, () => pool),
  );
  if (missing.length === 0) return { outcome: 'enough' };
  const results = await Promise.allSettled(missing.map((pool) => startOne(deps, config, pool)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return { outcome: 'started', runners: missing.length };
  deps.onNotStarted(worker, failed.reason);
  const why = failed.reason instanceof Error ? failed.reason.message : String(failed.reason);
  return {
    outcome: 'not-started',
    reason: `Waits for a runner: ${why}. This is tried again every few seconds.`,
  };
};

/** `justStarted`: jobs whose messages may not be in the queue yet. */
export const ensureRunners = async (
  deps: EnsureRunnersDependencies,
  worker: string,
  justStarted = 0,
): Promise<EnsureRunnersOutcome> => {
  const config = await deps.workers.get(worker);
  if (config === undefined) return { outcome: 'unknown-worker' };
  // A task of its own runs each of its jobs.
  if (config.type === 'docker') return { outcome: 'enough' };
  const pools = poolsOf(config, deps.gpuCapacity);
  const [depths, live] = await Promise.all([
    Promise.all(pools.map(({ priorities }) => backlogOf(deps, worker, priorities))),
    deps.runners.liveLeases(worker, deps.clock()),
  ]);
  // Of which pool the new jobs are is not known: with several, only what is in the queues counts.
  const expected = pools.length === 1 ? justStarted : 0;
  const counted = pools.map((pool, index): CountedPool => {
    const { waiting = 0, inFlight = 0 } = depths[index] ?? {};
    return { pool, need: runnersNeeded(Math.max(expected, waiting + inFlight), config) };
  });
  // The new messages may or may not be among those counted; in a moment they are.
  const mayNeedMore = pools.length > 1 || (live.length > 0 && live.length < config.maxRunners);
  if (justStarted > 0 && mayNeedMore) await lookAgain(deps, worker, LOOK_AGAIN_SECONDS);
  if (counted.every(({ pool, need }) => inPool(pool, live).length >= need)) {
    return { outcome: 'enough' };
  }

  const holder = randomUUID();
  const lock = await deps.runners.lock(worker, holder, deps.clock());
  if (lock === 'paused') return { outcome: 'paused' };
  if (lock === 'taken') {
    await lookAgain(deps, worker, LOCK_TAKEN_SECONDS);
    return { outcome: 'busy' };
  }
  let outcome: EnsureRunnersOutcome | undefined;
  try {
    outcome = await startMissing(deps, config, counted);
  } finally {
    if (outcome?.outcome !== 'not-started') await deps.runners.unlock(worker, holder);
  }
  if (outcome.outcome === 'not-started') {
    await deps.runners.pause(worker, holder, deps.clock() + PAUSE_MS);
    await lookAgain(deps, worker, NOT_STARTED_SECONDS);
    await noteOnQueuedJobs(deps, worker, outcome.reason);
  }
  return outcome;
};
