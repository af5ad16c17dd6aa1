/**
 * What the programs that run sessions need of AWS, in memory: executions by name, queues as lists, leases,
 * objects. Each keeps what was asked of it for a test to look at.
 */
import { executionName } from '../../core/contracts/keys.ts';
import type {
  Executions,
  ExecutionStatus,
  DatedObjectListing,
  ObjectListing,
  ObjectStore,
  Queues,
  JobTask,
  RunnerTask,
  Tasks,
} from '../../core/contracts/ports.ts';
import type { RunnerLease } from '../../core/contracts/items.ts';
import type { RunnerPool } from '../../core/running/runner-pool.ts';
import type { TaskPlaces } from '../../core/running/task-places.ts';
import type { SessionDataStore } from '../../core/running/session-store.ts';

export interface MemoryExecutions extends Executions {
  readonly statuses: Map<string, ExecutionStatus>;
  readonly inputs: Map<string, unknown>;
  /** Tokens that were answered with success. */
  readonly succeeded: string[];
}

export const memoryExecutions = (): MemoryExecutions => {
  const statuses = new Map<string, ExecutionStatus>();
  const inputs = new Map<string, unknown>();
  const succeeded: string[] = [];
  return {
    statuses,
    inputs,
    succeeded,
    start: (_machine, name, input) => {
      if (statuses.has(name)) return Promise.resolve('exists');
      statuses.set(name, 'RUNNING');
      inputs.set(name, input);
      return Promise.resolve('started');
    },
    status: (_machine, name) => Promise.resolve(statuses.get(name) ?? 'ABSENT'),
    stop: (_machine, name) => {
      if (statuses.has(name)) statuses.set(name, 'ABORTED');
      return Promise.resolve();
    },
    succeed: (token) => {
      succeeded.push(token);
      return Promise.resolve(true);
    },
    fail: () => Promise.resolve(true),
  };
};

export interface MemoryQueues extends Queues {
  readonly sent: { queueUrl: string; message: unknown; delaySeconds: number }[];
  /** What `depth` tells; nothing for a queue that is not named. */
  readonly depths: Map<string, { waiting: number; inFlight: number; delayed: number }>;
}

export const memoryQueues = (): MemoryQueues => {
  const sent: MemoryQueues['sent'] = [];
  const depths: MemoryQueues['depths'] = new Map();
  return {
    sent,
    depths,
    send: (queueUrl, message, delaySeconds = 0) => {
      sent.push({ queueUrl, message, delaySeconds });
      return Promise.resolve();
    },
    depth: (url) => Promise.resolve(depths.get(url) ?? { waiting: 0, inFlight: 0, delayed: 0 }),
  };
};

export interface MemoryTasks extends Tasks {
  readonly started: RunnerTask[];
  readonly jobs: JobTask[];
}

/** `refusal`, while it gives an error, is what RunTask answers. */
export const memoryTasks = (refusal: () => Error | undefined = () => undefined): MemoryTasks => {
  const started: MemoryTasks['started'] = [];
  const jobs: JobTask[] = [];
  return {
    ...{ started, jobs },
    run: (task) => {
      const error = refusal();
      if (error !== undefined) return Promise.reject(error);
      started.push(task);
      return Promise.resolve(`arn:task/${started.length}`);
    },
    runJob: (task) => {
      const error = refusal();
      if (error !== undefined) return Promise.reject(error);
      jobs.push(task);
      return Promise.resolve();
    },
    ofStarter: () => Promise.resolve('unknown'),
    stop: () => Promise.resolve(),
  };
};

export const memoryRunners = (): RunnerPool & { readonly leases: Map<string, RunnerLease> } => {
  const leases = new Map<string, RunnerLease>();
  const locks = new Map<string, { readonly holder: string; readonly pausedUntil?: number }>();
  const change = (runnerId: string, facts: Partial<RunnerLease>) => {
    const lease = leases.get(runnerId);
    if (lease !== undefined) leases.set(runnerId, { ...lease, ...facts });
    return Promise.resolve(lease !== undefined);
  };
  return {
    leases,
    liveLeases: (worker, now) =>
      Promise.resolve(
        [...leases.values()].filter((lease) => lease.worker === worker && lease.leaseUntil > now),
      ),
    addLease: (lease) => {
      leases.set(lease.runnerId, lease);
      return Promise.resolve();
    },
    renewLease: (_worker, runnerId, facts) => change(runnerId, facts),
    setTask: (_worker, runnerId, taskArn) => change(runnerId, { taskArn }),
    removeLease: (worker, runnerId) =>
      Promise.resolve(leases.get(runnerId)?.worker === worker && leases.delete(runnerId)),
    removeAllLeases: (worker) => {
      const all = [...leases.values()].filter((lease) => lease.worker === worker);
      for (const { runnerId } of all) leases.delete(runnerId);
      return Promise.resolve(all.length);
    },
    lock: (worker, holder, now) => {
      const { pausedUntil } = locks.get(worker) ?? { pausedUntil: now };
      if (pausedUntil === undefined) return Promise.resolve('taken');
      if (pausedUntil > now) return Promise.resolve('paused');
      locks.set(worker, { holder });
      return Promise.resolve('locked');
    },
    unlock: (worker, holder) => {
      if (locks.get(worker)?.holder === holder) locks.delete(worker);
      return Promise.resolve();
    },
    pause: (worker, holder, until) => {
      if (locks.get(worker)?.holder === holder) locks.set(worker, { holder, pausedUntil: until });
      return Promise.resolve();
    },
  };
};

export const memoryTaskPlaces = (): TaskPlaces => {
  const held = new Map<string, string>();
  const id = (worker: string, place: string): string => `${worker}/${place}`;
  return {
    list: (worker) =>
      Promise.resolve(
        [...held]
          .filter(([key]) => key.startsWith(id(worker, '')))
          .map(([key, holder]) => ({ place: key.slice(id(worker, '').length), holder })),
      ),
    take: (worker, { place, holder }, instead) => {
      const before = held.get(id(worker, place));
      if (before !== undefined && before !== instead) return Promise.resolve(false);
      held.set(id(worker, place), holder);
      return Promise.resolve(true);
    },
  };
};

type Objects = Pick<ObjectStore, 'getJson' | 'size' | 'delete'> &
  ObjectListing &
  DatedObjectListing;

/** JSON documents, and objects of which only the size matters (a number). Put at the beginning of time unless told. */
export const memoryObjects = (): Objects & {
  readonly stored: Map<string, unknown>;
  readonly modifiedAt: Map<string, number>;
} => {
  const stored = new Map<string, unknown>();
  const modifiedAt = new Map<string, number>();
  return {
    stored,
    modifiedAt,
    dated: (prefix) =>
      Promise.resolve(
        [...stored.keys()]
          .filter((key) => key.startsWith(prefix))
          .map((key) => ({ key, modifiedAt: modifiedAt.get(key) ?? 0 })),
      ),
    getJson: (key) =>
      stored.has(key)
        ? Promise.resolve(stored.get(key))
        : Promise.reject(Object.assign(new Error('no such object'), { name: 'NoSuchKey' })),
    size: (key) => {
      const value = stored.get(key);
      return Promise.resolve(typeof value === 'number' ? value : undefined);
    },
    delete: (keys) => {
      for (const key of keys) stored.delete(key);
      return Promise.resolve();
    },
    keys: (prefix) => Promise.resolve([...stored.keys()].filter((key) => key.startsWith(prefix))),
  };
};

/** How many values each session has is all that matters here. */
export const memorySessionData = (): Pick<
  SessionDataStore,
  'removeAllValues' | 'keepUntil' | 'isKept' | 'listKept'
> & {
  readonly counts: Map<string, number>;
  readonly kept: Map<string, number>;
} => {
  const counts = new Map<string, number>();
  const kept = new Map<string, number>();
  return {
    counts,
    kept,
    removeAllValues: (id) => {
      const count = counts.get(id) ?? 0;
      counts.delete(id);
      kept.delete(id);
      return Promise.resolve(count);
    },
    keepUntil: (id, until) => {
      kept.set(id, until);
      return Promise.resolve();
    },
    isKept: (id) => Promise.resolve(kept.has(id)),
    listKept: (now, limit) =>
      Promise.resolve(
        [...kept]
          .filter(([, until]) => until <= now)
          .map(([id]) => id)
          .slice(0, limit),
      ),
  };
};

export const jobExecution = (session: string, node: string, run: number): string =>
  executionName(`${session}-${node}`, run);
