/** The conditional writes on the jobs and edges of a session: see SessionStore, whose second half this is. */
import { JobItem } from '../core/contracts/items.ts';
import {
  MAX_LOST_ATTEMPTS,
  type JobOutcome,
  type SessionStore,
} from '../core/running/session-store.ts';
import { isTerminalJobState } from '../core/running/states.ts';
import type { GraphLookup } from './session-graphs.ts';
import type { Expression, Table } from './table.ts';

/** Somebody else changed the item between read and write; so often in a row only if something is wrong. */
const MAX_LEASE_TRIES = 10;

const LOST = {
  type: 'RunnerLost',
  message: `The runner that had the job was lost ${MAX_LOST_ATTEMPTS} times: it ended, or stopped answering, during the job. A job that needs more memory than its runner has ends like this.`,
  traceback: '',
};

/** The part of an update that every end of a job has in common. */
const ending = ({ state, reason, error, resultJson, resultInBucket }: JobOutcome, at: number) => {
  const optional = Object.entries({ reason, error, resultJson, resultInBucket }).filter(
    ([, value]) => value !== undefined,
  );
  const names = ['state', 'endedAt', ...optional.map(([name]) => name)];
  return {
    update: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
    names,
    values: { state, endedAt: at, ...Object.fromEntries(optional) },
  };
};

/** Holds for an item of that epoch: none for the time before the first retry. */
const inEpoch = (epoch: number | undefined) =>
  epoch === undefined
    ? { condition: 'attribute_not_exists(#epoch)', values: {} }
    : { condition: '#epoch = :epoch', values: { epoch } };

/** What nearly every lease is, in one call: the job waits for a runner, and is not to be given up. */
const WAITS_FOR_A_RUNNER = {
  condition: '#state = :queued AND #lostAttempts < :most',
  values: { queued: 'QUEUED', most: MAX_LOST_ATTEMPTS },
};

/** Whose runner does not hold its message any more: it may still be at work, and is fenced. */
const heldBy = (attempt: number) => ({
  condition: '#state = :running AND #attempt = :held',
  values: { held: attempt },
});

type JobWrites = Pick<
  SessionStore,
  | 'releaseEdge'
  | 'queueJob'
  | 'requeueJob'
  | 'skipJob'
  | 'cancelJob'
  | 'noteQueued'
  | 'leaseJob'
  | 'handBackJob'
  | 'finishJob'
  | 'retryJob'
  | 'beginPlatformNode'
  | 'finishPlatformNode'
>;

export const tableJobs = (table: Table, graphOf: GraphLookup): JobWrites => {
  const update = async (
    sessionId: string,
    nodeId: string,
    expression: Expression,
  ): Promise<JobItem | undefined> => {
    const { job } = await graphOf(sessionId);
    const item = await table.update(job(nodeId), expression);
    return item === undefined ? undefined : JobItem.parse(item);
  };

  /** The job is this runner's from now on, if it is as `held` says. */
  const lease = (
    { sessionId, nodeId, run }: Pick<JobItem, 'sessionId' | 'nodeId' | 'run'>,
    by: Pick<Required<JobItem>, 'runnerId' | 'startedAt'>,
    held: { readonly condition: string; readonly values: Readonly<Record<string, unknown>> },
    lost: 0 | 1,
  ): Promise<JobItem | undefined> =>
    update(sessionId, nodeId, {
      update:
        'SET #state = :running, #attempt = #attempt + :one, #lostAttempts = #lostAttempts + :lost, ' +
        '#runnerId = :runnerId, #startedAt = :startedAt REMOVE #reason, #notBefore',
      condition: `#run = :run AND ${held.condition}`,
      names: [
        ...['state', 'attempt', 'lostAttempts', 'runnerId', 'startedAt', 'reason', 'notBefore'],
        'run',
      ],
      values: { ...held.values, ...by, run, running: 'RUNNING', one: 1, lost },
    });

  /** The job as it is now; undefined when it is not as it was read. */
  const giveUp = (
    { sessionId, nodeId, run, attempt, state }: JobItem,
    lostAttempts: number,
    endedAt: number,
  ): Promise<JobItem | undefined> => {
    const end = ending({ state: 'FAILED', reason: LOST.message, error: LOST }, endedAt);
    return update(sessionId, nodeId, {
      update: `${end.update}, #lostAttempts = :lostAttempts`,
      condition: '#run = :run AND #attempt = :attempt AND #state = :asRead',
      names: [...end.names, 'run', 'attempt', 'lostAttempts'],
      values: { ...end.values, run, attempt, asRead: state, lostAttempts },
    });
  };

  return {
    releaseEdge: async ({ sessionId, from, to, epoch }) => {
      const keys = await graphOf(sessionId);
      return table.transact([
        table.write.delete(keys.edge(from, to), {
          condition: `attribute_exists(pk) AND ${inEpoch(epoch).condition}`,
          names: ['epoch'],
          values: inEpoch(epoch).values,
        }),
        table.write.update(keys.job(to), {
          update: 'SET #waiting = #waiting - :one',
          condition: '#waiting > :none',
          names: ['waiting'],
          values: { one: 1, none: 0 },
        }),
      ]);
    },
    queueJob: (sessionId, nodeId, queuedAt) =>
      update(sessionId, nodeId, {
        update: 'SET #state = :queued, #run = #run + :one, #queuedAt = :queuedAt',
        condition: '#state = :waits AND #waiting = :none',
        names: ['state', 'run', 'queuedAt', 'waiting'],
        values: { queued: 'QUEUED', one: 1, queuedAt, waits: 'WAITING', none: 0 },
      }),
    requeueJob: (sessionId, nodeId, run, queuedAt) =>
      update(sessionId, nodeId, {
        update:
          'SET #state = :queued, #run = #run + :one, #queuedAt = :queuedAt ' +
          'REMOVE #startedAt, #runnerId, #reason, #notBefore',
        condition: '#run = :run AND #state IN (:queued, :running)',
        names: ['state', 'run', 'queuedAt', 'startedAt', 'runnerId', 'reason', 'notBefore'],
        values: { queued: 'QUEUED', running: 'RUNNING', one: 1, queuedAt, run },
      }),
    skipJob: async (sessionId, nodeId, { reason, stopped, epoch }, endedAt) => {
      const end = ending({ state: 'SKIPPED', reason }, endedAt);
      const same = inEpoch(epoch);
      const skipped = await update(sessionId, nodeId, {
        update: stopped ? `${end.update}, #stopped = :stopped` : end.update,
        condition: `#state = :waits AND ${same.condition}`,
        names: [...end.names, 'epoch', ...(stopped ? ['stopped'] : [])],
        values: {
          ...end.values,
          ...same.values,
          waits: 'WAITING',
          ...(stopped ? { stopped } : {}),
        },
      });
      return skipped !== undefined;
    },
    cancelJob: (sessionId, nodeId, { reason, epoch }, endedAt) => {
      const end = ending({ state: 'CANCELLED', reason }, endedAt);
      const same = inEpoch(epoch);
      return update(sessionId, nodeId, {
        update: `${end.update} REMOVE #notBefore`,
        condition: `${same.condition} AND #kind = :job AND #state IN (:waits, :queued, :running)`,
        names: [...end.names, 'kind', 'notBefore', 'epoch'],
        values: {
          ...end.values,
          ...same.values,
          ...{ job: 'job', waits: 'WAITING', queued: 'QUEUED', running: 'RUNNING' },
        },
      });
    },
    noteQueued: async (sessionId, nodeId, run, reason) => {
      const noted = await update(sessionId, nodeId, {
        update: 'SET #reason = :reason',
        condition: '#run = :run AND #state = :queued',
        names: ['reason', 'run', 'state'],
        values: { reason, run, queued: 'QUEUED' },
      });
      return noted !== undefined;
    },
    leaseJob: async (sessionId, nodeId, run, runnerId, startedAt) => {
      const ids = { sessionId, nodeId, run };
      const by = { runnerId, startedAt };
      for (let tries = 0; tries < MAX_LEASE_TRIES; tries += 1) {
        const queued = await lease(ids, by, WAITS_FOR_A_RUNNER, 0);
        if (queued !== undefined) return { outcome: 'leased', job: queued };
        const job = await table.get((await graphOf(sessionId)).job(nodeId), JobItem);
        if (job === undefined) return { outcome: 'stale' };
        if (isTerminalJobState(job.state)) return { outcome: 'terminal', job };
        if (job.run !== run || job.state === 'WAITING') return { outcome: 'stale' };
        const lost = job.lostAttempts + (job.state === 'RUNNING' ? 1 : 0);
        if (lost >= MAX_LOST_ATTEMPTS) {
          const failed = await giveUp(job, lost, startedAt);
          if (failed !== undefined) return { outcome: 'lost-too-often', job: failed };
        } else if (job.state === 'RUNNING') {
          const taken = await lease(ids, by, heldBy(job.attempt), 1);
          if (taken !== undefined) return { outcome: 'leased', job: taken };
        }
      }
      throw new Error(`job ${sessionId}-${nodeId} changes faster than it can be leased`);
    },
    handBackJob: async (sessionId, nodeId, attempt) => {
      const handed = await update(sessionId, nodeId, {
        update: 'SET #state = :queued REMOVE #startedAt, #runnerId',
        condition: '#attempt = :attempt AND #state = :running',
        names: ['state', 'attempt', 'startedAt', 'runnerId'],
        values: { attempt, queued: 'QUEUED', running: 'RUNNING' },
      });
      return handed !== undefined;
    },
    finishJob: async (sessionId, nodeId, attempt, outcome, endedAt) => {
      const end = ending(outcome, endedAt);
      const finished = await update(sessionId, nodeId, {
        update: end.update,
        condition:
          '#attempt = :attempt AND #state IN (:queued, :running) ' +
          'AND (attribute_not_exists(#voidAttempts) OR #voidAttempts < :attempt)',
        names: [...end.names, 'attempt', 'voidAttempts'],
        values: { ...end.values, attempt, queued: 'QUEUED', running: 'RUNNING' },
      });
      return finished !== undefined;
    },
    retryJob: async (sessionId, nodeId, failed, { notBefore, reason }) => {
      const queued = await update(sessionId, nodeId, {
        update:
          'SET #state = :queued, #run = #run + :one, #queuedAt = :queuedAt, #notBefore = :notBefore, ' +
          '#reason = :reason, #failedTries = list_append(if_not_exists(#failedTries, :none), :failed) ' +
          'REMOVE #startedAt, #runnerId',
        condition: '#attempt = :attempt AND #state = :running',
        names: [
          ...['state', 'run', 'queuedAt', 'notBefore', 'reason', 'failedTries'],
          ...['startedAt', 'runnerId', 'attempt'],
        ],
        values: {
          ...{ queued: 'QUEUED', running: 'RUNNING', one: 1, queuedAt: failed.endedAt },
          ...{ notBefore, reason, none: [], failed: [failed], attempt: failed.attempt },
        },
      });
      return queued !== undefined;
    },
    beginPlatformNode: async (sessionId, nodeId, startedAt, staleBefore) => {
      const begun = await update(sessionId, nodeId, {
        update: 'SET #state = :running, #startedAt = :startedAt',
        condition:
          '#kind <> :job AND ((#state = :running AND #startedAt < :staleBefore) ' +
          'OR (#state = :waits AND #waiting = :none))',
        names: ['state', 'startedAt', 'kind', 'waiting'],
        values: {
          running: 'RUNNING',
          startedAt,
          staleBefore,
          job: 'job',
          waits: 'WAITING',
          none: 0,
        },
      });
      return begun !== undefined;
    },
    finishPlatformNode: async (sessionId, nodeId, epoch, outcome, endedAt) => {
      const end = ending(outcome, endedAt);
      const same = inEpoch(epoch);
      const finished = await update(sessionId, nodeId, {
        update: end.update,
        condition:
          `${same.condition} AND #kind <> :job ` +
          'AND (#state = :running OR (#state = :waits AND #waiting = :none))',
        names: [...end.names, 'kind', 'waiting', 'epoch'],
        values: {
          ...end.values,
          ...same.values,
          ...{ running: 'RUNNING', job: 'job', waits: 'WAITING', none: 0 },
        },
      });
      return finished !== undefined;
    },
  };
};
