/**
 * Sessions in memory, with the conditions of the stored ones: the contract suite runs over both. Each call is
 * atomic, and takes effect a turn of the event loop after it was made, so that concurrent callers interleave.
 */
import type { EdgeItem, JobItem, SessionItem } from '../../core/contracts/items.ts';
import {
  MAX_LOST_ATTEMPTS,
  type JobOutcome,
  type SessionStore,
} from '../../core/running/session-store.ts';
import { isTerminalJobState, isTerminalSessionState } from '../../core/running/states.ts';

export interface MemorySessions extends SessionStore {
  /** Every change of a job's state, in order. */
  readonly transitions: { nodeId: string; from: string; to: string }[];
}

const edgeName = (edge: Pick<EdgeItem, 'from' | 'to'>): string => `${edge.from}>${edge.to}`;

/** `pause` is awaited before each call; it may throw, as a process that dies does. */
export const memorySessions = (
  pause: () => Promise<void> = () => Promise.resolve(),
): MemorySessions => {
  const sessions = new Map<string, SessionItem>();
  const jobs = new Map<string, Map<string, JobItem>>();
  const edges = new Map<string, Map<string, EdgeItem>>();
  const planners = new Map<string, symbol>();
  const transitions: MemorySessions['transitions'] = [];

  const jobsOf = (id: string) => [...(jobs.get(id)?.values() ?? [])];
  const edgesOf = (id: string) => [...(edges.get(id)?.values() ?? [])];
  const atomically = async <T>(act: () => T): Promise<T> => {
    await pause();
    return structuredClone(act());
  };
  const open = (id: string): SessionItem | undefined => {
    const session = sessions.get(id);
    return session === undefined || isTerminalSessionState(session.state) ? undefined : session;
  };
  /** Changes the job if the condition holds; the job after it. */
  const change = (
    id: string,
    nodeId: string,
    holds: (job: JobItem) => boolean,
    to: (job: JobItem) => Partial<JobItem>,
    remove: readonly (keyof JobItem)[] = [],
  ): JobItem | undefined => {
    const job = jobs.get(id)?.get(nodeId);
    if (job === undefined || !holds(job)) return undefined;
    const after = Object.fromEntries(
      Object.entries({ ...job, ...to(job) }).filter(
        ([name, value]) => value !== undefined && !remove.includes(name as keyof JobItem),
      ),
    ) as JobItem;
    if (after.state !== job.state) transitions.push({ nodeId, from: job.state, to: after.state });
    jobs.get(id)?.set(nodeId, after);
    return after;
  };
  const isReady = (job: JobItem) => job.state === 'WAITING' && job.waiting === 0;
  const isActive = (job: JobItem) => job.state === 'QUEUED' || job.state === 'RUNNING';
  const ended = (outcome: JobOutcome, endedAt: number) => () => ({ ...outcome, endedAt });

  return {
    transitions,
    createSession: (session) =>
      atomically(() => {
        if (sessions.has(session.id)) return false;
        sessions.set(session.id, structuredClone(session));
        return true;
      }),
    getSession: (id) => atomically(() => sessions.get(id)),
    getJobs: (id) => atomically(() => jobsOf(id).sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1))),
    getJob: (id, nodeId) => atomically(() => jobs.get(id)?.get(nodeId)),
    getEdges: (id) => atomically(() => edgesOf(id)),
    getEdgesFrom: (id, nodeId) =>
      atomically(() => edgesOf(id).filter((edge) => edge.from === nodeId)),
    listSessions: (state, limit) =>
      atomically(() =>
        [...sessions.values()]
          .filter((session) => session.state === state)
          .sort((a, b) => b.createdAt - a.createdAt)
          .slice(0, limit),
      ),
    listSessionsOfStudy: (study) =>
      atomically(() =>
        [...sessions.values()]
          .filter((session) => session.studies.includes(study))
          .map(({ id }) => id)
          .sort(),
      ),
    storePlan: ({ id, reason }, newJobs, newEdges, startedAt) =>
      atomically(() => {
        const session = sessions.get(id);
        if (session?.state !== 'PLANNING') return false;
        jobs.set(id, new Map(newJobs.map((job) => [job.nodeId, structuredClone(job)])));
        edges.set(id, new Map(newEdges.map((edge) => [edgeName(edge), structuredClone(edge)])));
        sessions.set(id, {
          ...session,
          state: 'RUNNING',
          startedAt,
          ...(reason === undefined ? {} : { reason }),
        });
        return true;
      }),
    removeOtherGraphs: () => Promise.resolve(),
    setToken: (id, run, token) =>
      atomically(() => {
        const session = open(id);
        if (session?.run !== run) return false;
        sessions.set(id, { ...session, token });
        return true;
      }),
    restartSession: (id, run) =>
      atomically(() => {
        const session = open(id);
        if (session?.run !== run) return false;
        const restarted = { ...session, run: run + 1 };
        delete restarted.token;
        sessions.set(id, restarted);
        return true;
      }),
    forgetVersions: (id) =>
      atomically(() => {
        const { versions, ...session } = sessions.get(id) ?? {};
        if (versions === undefined) return false;
        sessions.set(id, session as SessionItem);
        return true;
      }),
    requestCancel: (id, cancelledAt) =>
      atomically(() => {
        const session = open(id);
        if (session === undefined) return false;
        sessions.set(id, { ...session, cancelledAt: session.cancelledAt ?? cancelledAt });
        return true;
      }),
    retrySession: async (id, run, reset) => {
      const retrier = Symbol(id);
      const mine = () => {
        const session = sessions.get(id);
        return (
          session !== undefined &&
          isTerminalSessionState(session.state) &&
          session.run === run &&
          planners.get(id) === retrier
        );
      };
      const epoch = await atomically(() => {
        const session = sessions.get(id);
        if (session?.run !== run || !isTerminalSessionState(session.state)) return undefined;
        planners.set(id, retrier);
        const next = (session.epoch ?? 0) + 1;
        sessions.set(id, { ...session, epoch: next });
        return next;
      });
      if (epoch === undefined) return false;
      const change = reset(await atomically(() => jobsOf(id)), epoch);
      const step = (act: () => void) =>
        atomically(() => {
          if (!mine()) return false;
          act();
          return true;
        });
      if (!(await step(() => edges.set(id, new Map())))) return false;
      for (const job of change.jobs) {
        const written = await step(() => {
          const before = jobs.get(id)?.get(job.nodeId);
          transitions.push({ nodeId: job.nodeId, from: before?.state ?? '', to: job.state });
          jobs.get(id)?.set(job.nodeId, structuredClone(job));
        });
        if (!written) return false;
      }
      for (const edge of change.edges) {
        const written = await step(() => edges.get(id)?.set(edgeName(edge), structuredClone(edge)));
        if (!written) return false;
      }
      return step(() => {
        const restarted = { ...sessions.get(id)!, state: change.state, run: run + 1 };
        delete restarted.endedAt;
        delete restarted.reason;
        delete restarted.token;
        delete restarted.cancelledAt;
        sessions.set(id, restarted);
      });
    },
    finishSession: (id, { state, reason, endedAt, run }) =>
      atomically(() => {
        const session = open(id);
        if (session === undefined || (run !== undefined && session.run !== run)) return false;
        const finished = { ...session, state, endedAt };
        delete finished.reason;
        sessions.set(id, { ...finished, ...(reason === undefined ? {} : { reason }) });
        return true;
      }),
    releaseEdge: (edge) =>
      atomically(() => {
        const target = jobs.get(edge.sessionId)?.get(edge.to);
        const known = edges.get(edge.sessionId);
        if (known?.get(edgeName(edge))?.epoch !== edge.epoch) return false;
        if (target === undefined || target.waiting === 0) return false;
        if (known?.delete(edgeName(edge)) !== true) return false;
        change(
          edge.sessionId,
          edge.to,
          () => true,
          (job) => ({ waiting: job.waiting - 1 }),
        );
        return true;
      }),
    queueJob: (id, nodeId, queuedAt) =>
      atomically(() =>
        change(id, nodeId, isReady, (job) => ({ state: 'QUEUED', run: job.run + 1, queuedAt })),
      ),
    requeueJob: (id, nodeId, run, queuedAt) =>
      atomically(() =>
        change(
          id,
          nodeId,
          (job) => job.run === run && isActive(job),
          () => ({ state: 'QUEUED', run: run + 1, queuedAt }),
          ['startedAt', 'runnerId', 'reason', 'notBefore'],
        ),
      ),
    cancelJob: (id, nodeId, { reason, epoch }, endedAt) =>
      atomically(() =>
        change(
          id,
          nodeId,
          (job) => job.kind === 'job' && job.epoch === epoch && !isTerminalJobState(job.state),
          () => ({ state: 'CANCELLED', reason, endedAt }),
          ['notBefore'],
        ),
      ),
    skipJob: (id, nodeId, { reason, stopped, epoch }, endedAt) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) => job.state === 'WAITING' && job.epoch === epoch,
            () => ({ state: 'SKIPPED', reason, endedAt, ...(stopped ? { stopped } : {}) }),
          ) !== undefined,
      ),
    noteQueued: (id, nodeId, run, reason) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) => job.run === run && job.state === 'QUEUED',
            () => ({ reason }),
          ) !== undefined,
      ),
    leaseJob: (id, nodeId, run, runnerId, startedAt) =>
      atomically(() => {
        const job = jobs.get(id)?.get(nodeId);
        if (job === undefined) return { outcome: 'stale' } as const;
        if (isTerminalJobState(job.state)) return { outcome: 'terminal', job } as const;
        if (job.run !== run || !isActive(job)) return { outcome: 'stale' } as const;
        const lostAttempts = job.lostAttempts + (job.state === 'RUNNING' ? 1 : 0);
        if (lostAttempts >= MAX_LOST_ATTEMPTS) {
          const error = { type: 'RunnerLost', message: 'lost', traceback: '' };
          const failed = change(
            id,
            nodeId,
            () => true,
            () => ({ state: 'FAILED', lostAttempts, error, reason: 'lost', endedAt: startedAt }),
          );
          return { outcome: 'lost-too-often', job: failed ?? job } as const;
        }
        const leased = change(
          id,
          nodeId,
          () => true,
          () => ({ state: 'RUNNING', attempt: job.attempt + 1, lostAttempts, runnerId, startedAt }),
          ['reason', 'notBefore'],
        );
        return { outcome: 'leased', job: leased ?? job } as const;
      }),
    handBackJob: (id, nodeId, attempt) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) => job.attempt === attempt && job.state === 'RUNNING',
            () => ({ state: 'QUEUED' }),
            ['startedAt', 'runnerId'],
          ) !== undefined,
      ),
    finishJob: (id, nodeId, attempt, outcome, endedAt) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) => job.attempt === attempt && isActive(job) && (job.voidAttempts ?? -1) < attempt,
            ended(outcome, endedAt),
          ) !== undefined,
      ),
    retryJob: (id, nodeId, failed, { notBefore, reason }) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) => job.attempt === failed.attempt && job.state === 'RUNNING',
            (job) => ({
              ...{ state: 'QUEUED', run: job.run + 1, queuedAt: failed.endedAt, notBefore, reason },
              failedTries: [...(job.failedTries ?? []), failed],
            }),
            ['startedAt', 'runnerId'],
          ) !== undefined,
      ),
    beginPlatformNode: (id, nodeId, startedAt, staleBefore) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) =>
              job.kind !== 'job' &&
              (isReady(job) || (job.state === 'RUNNING' && (job.startedAt ?? 0) < staleBefore)),
            () => ({ state: 'RUNNING', startedAt }),
          ) !== undefined,
      ),
    finishPlatformNode: (id, nodeId, epoch, outcome, endedAt) =>
      atomically(
        () =>
          change(
            id,
            nodeId,
            (job) =>
              job.kind !== 'job' &&
              job.epoch === epoch &&
              (isReady(job) || job.state === 'RUNNING'),
            ended(outcome, endedAt),
          ) !== undefined,
      ),
  };
};
