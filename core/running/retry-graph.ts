/**
 * Which nodes of an ended session's graph begin anew when jobs of it are tried again, and how they wait for each
 * other: those jobs, whatever was skipped because of them, and the platform's own two nodes around them. All
 * other nodes stay as they ended. Pure: the sealed plan and the nodes as they are go in.
 */
import { JobItem, type EdgeItem, type SessionPlan } from '../contracts/items.ts';
import type { GraphReset } from './session-store.ts';
import { isActiveJobState, isTerminalJobState } from './states.ts';

export interface RetryWish {
  /** Every job that ran or could have run, those that succeeded too. */
  readonly all?: boolean | undefined;
  /** The `jobName` or the id of the jobs to try again; without it, whatever did not end well. */
  readonly job?: string | undefined;
}

export type RetryChoice =
  | { readonly outcome: 'chosen'; readonly nodes: ReadonlySet<string> }
  /** `message` says what stands in the way, `remedy` what would help. */
  | { readonly outcome: 'impossible'; readonly message: string; readonly remedy: string };

type Plan = Pick<SessionPlan, 'edges'>;

/** Ended without success, for a reason that another try may not meet. */
const endedBadly = ({ kind, state, stopped }: JobItem): boolean =>
  kind === 'job' &&
  (state === 'FAILED' ||
    state === 'TIMED_OUT' ||
    state === 'CANCELLED' ||
    (state === 'SKIPPED' && stopped === true));

const edgesInto = ({ edges }: Plan): ReadonlyMap<string, readonly EdgeItem[]> =>
  Map.groupBy(edges, ({ to }) => to);

/** Each node after those that it waits for. */
const inOrder = (jobs: readonly JobItem[], plan: Plan): readonly JobItem[] => {
  const into = edgesInto(plan);
  const byId = new Map(jobs.map((job) => [job.nodeId, job]));
  const placed = new Set<string>();
  const ordered: JobItem[] = [];
  // Without recursion: a chain of jobs may be longer than the stack is deep.
  for (const first of jobs) {
    const stack = [first];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const open = (into.get(top.nodeId) ?? []).filter(({ from }) => !placed.has(from));
      if (open.length === 0) {
        stack.pop();
        if (!placed.has(top.nodeId)) ordered.push(top);
        placed.add(top.nodeId);
      } else {
        for (const { from } of open) {
          const source = byId.get(from);
          if (source === undefined) placed.add(from);
          else stack.push(source);
        }
      }
    }
  }
  return ordered;
};

/** The chosen jobs, what was skipped because of them, and the barriers behind them. */
const withDependents = (
  chosen: ReadonlySet<string>,
  jobs: readonly JobItem[],
  plan: Plan,
): Set<string> => {
  const into = edgesInto(plan);
  const states = new Map(jobs.map(({ nodeId, state }) => [nodeId, state]));
  const again = new Set(chosen);
  for (const { nodeId, kind, state } of inOrder(jobs, plan)) {
    const edges = into.get(nodeId) ?? [];
    if (kind === 'barrier') {
      const isLeft = !isTerminalJobState(state);
      if (isLeft || edges.some(({ from }) => again.has(from))) again.add(nodeId);
    } else if (kind === 'job' && state === 'SKIPPED') {
      const required = edges.filter((edge) => edge.kind === 'requires');
      const isMet = ({ from }: EdgeItem) => again.has(from) || states.get(from) === 'SUCCEEDED';
      if (required.some(({ from }) => again.has(from)) && required.every(isMet)) again.add(nodeId);
    }
  }
  return again;
};

const impossible = (message: string, remedy: string): RetryChoice => ({
  outcome: 'impossible',
  message,
  remedy,
});

/** Why none of the jobs that a person named can be tried again. */
const whyNot = ([job]: readonly JobItem[], sessionId: string, wanted: string): RetryChoice => {
  if (job === undefined) {
    return impossible(
      `the session has no job "${wanted}"`,
      `see its jobs: gantry session jobs ${sessionId}`,
    );
  }
  const all = `run every job again: gantry session retry ${sessionId} --all`;
  if (job.kind !== 'job') {
    return impossible(`${job.name} is the platform's own and comes with every retry`, all);
  }
  if (job.state === 'SUCCEEDED') return impossible(`the job "${job.name}" has succeeded`, all);
  return impossible(
    `the job "${job.name}" was skipped: ${job.reason ?? 'it could not run'}`,
    `try again what it was skipped for; it then follows by itself: gantry session retry ${sessionId}`,
  );
};

/** What of an ended session is to be tried again; `jobs` are its nodes as they are. */
export const chooseRetry = (
  jobs: readonly JobItem[],
  plan: Plan,
  wish: RetryWish,
  sessionId: string,
): RetryChoice => {
  const running = jobs.find(({ kind, state }) => kind === 'job' && isActiveJobState(state));
  if (running !== undefined) {
    return impossible(
      `the job "${running.name}" of the session has not ended`,
      `wait for its end, or cancel it: gantry job cancel ${running.id}`,
    );
  }
  const into = edgesInto(plan);
  const planned = jobs.filter(({ kind, nodeId }) => kind === 'job' && into.has(nodeId));
  const bad = planned.filter((job) => endedBadly(job) || !isTerminalJobState(job.state));
  const ids = (some: readonly JobItem[]) => new Set(some.map(({ nodeId }) => nodeId));
  if (wish.all === true) {
    return planned.length > 0
      ? { outcome: 'chosen', nodes: ids(planned) }
      : impossible(
          'the session has no job that could run',
          'mend the service, and send the images to another AE title: this one knows them and does nothing',
        );
  }
  // What an unfinished retry has left waiting could wait for any of those that ended badly.
  const isUnfinished = bad.some((job) => !isTerminalJobState(job.state));
  if (wish.job === undefined || isUnfinished) {
    return bad.length > 0
      ? { outcome: 'chosen', nodes: ids(bad) }
      : impossible(
          'no job of the session failed, timed out or was cancelled',
          `run every job again: gantry session retry ${sessionId} --all`,
        );
  }
  const { job: wanted } = wish;
  const named = jobs.filter((job) => job.id === wanted || job.name === wanted);
  const wantedBad = bad.filter((job) => named.includes(job));
  if (wantedBad.length === 0) return whyNot(named, sessionId, wanted);
  const nodes = ids(wantedBad);
  const again = withDependents(nodes, jobs, plan);
  const byId = new Map(jobs.map((job) => [job.nodeId, job]));
  for (const job of wantedBad) {
    const unmet = (into.get(job.nodeId) ?? []).find(
      ({ from, kind }) =>
        kind === 'requires' && !again.has(from) && byId.get(from)?.state !== 'SUCCEEDED',
    );
    const source = unmet === undefined ? undefined : byId.get(unmet.from);
    if (source !== undefined) {
      return impossible(
        `the job "${job.name}" depends on "${source.name}", which is ${source.state}`,
        `try both again: gantry session retry ${sessionId}`,
      );
    }
  }
  return { outcome: 'chosen', nodes };
};

/** Without what a run has left. */
const Planned = JobItem.omit({
  reason: true,
  stopped: true,
  failedTries: true,
  notBefore: true,
  runnerId: true,
  queuedAt: true,
  startedAt: true,
  endedAt: true,
  resultJson: true,
  resultInBucket: true,
  error: true,
});

/** As it was planned, but for the counters that fence off whoever still has an earlier run or attempt of it. */
const asPlanned = (job: JobItem, waiting: number, epoch: number): JobItem => {
  return {
    ...Planned.parse(job),
    state: 'WAITING',
    waiting,
    epoch,
    voidAttempts: job.attempt,
    lostAttempts: 0,
  };
};

/**
 * The nodes that begin anew and the edges between them. pre-services looks at the images once more before any of
 * them, and post-services comes after all of them; what they wait for outside of them has ended already.
 */
export const resetGraph = (
  chosen: ReadonlySet<string>,
  jobs: readonly JobItem[],
  plan: Plan,
  epoch: number,
): GraphReset => {
  const again = withDependents(chosen, jobs, plan);
  const first = jobs.find(({ kind }) => kind === 'pre-services');
  const last = jobs.find(({ kind }) => kind === 'post-services');
  if (first === undefined || last === undefined) throw new Error('a graph without its two ends');
  const between = plan.edges.filter(({ from, to }) => again.has(from) && again.has(to));
  const targets = new Set(between.map(({ to }) => to));
  const sources = new Set(between.map(({ from }) => from));
  const { sessionId } = first;
  const after = (from: string, to: string): EdgeItem => ({ sessionId, from, to, kind: 'after' });
  const edges = [
    ...between,
    ...[...again].filter((id) => !targets.has(id)).map((id) => after(first.nodeId, id)),
    ...[...again].filter((id) => !sources.has(id)).map((id) => after(id, last.nodeId)),
  ].map((edge) => ({ ...edge, epoch }));
  const incoming = Map.groupBy(edges, ({ to }) => to);
  const nodes = new Set([...again, first.nodeId, last.nodeId]);
  return {
    state: 'RUNNING',
    jobs: jobs
      .filter(({ nodeId }) => nodes.has(nodeId))
      .map((job) => asPlanned(job, incoming.get(job.nodeId)?.length ?? 0, epoch)),
    edges,
  };
};
