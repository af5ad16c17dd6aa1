/**
 * Tries jobs of an ended session again, on the word of a person: resets what begins anew, then starts an
 * execution of the session's next run. It keeps the versions of services, workers and functions that it began with.
 */
import { SessionPlan, type SessionItem } from '../contracts/items.ts';
import { executionName, parseGroupId } from '../contracts/keys.ts';
import { objectKeys } from '../contracts/object-keys.ts';
import type { SessionInput } from '../contracts/messages.ts';
import { qualified } from '../contracts/platform-versions.ts';
import type { Clock, Executions, ObjectStore } from '../contracts/ports.ts';
import type { GroupStore } from '../processors/group-store.ts';
import type { ReclaimStore } from '../processors/reclaim-store.ts';
import { chooseRetry, resetGraph, type RetryChoice, type RetryWish } from './retry-graph.ts';
import { keptUntil } from './kept-data.ts';
import type { SessionDataStore, SessionStore } from './session-store.ts';
import { isTerminalSessionState } from './states.ts';

export interface RetryDependencies {
  readonly sessions: Pick<SessionStore, 'getSession' | 'getJobs' | 'retrySession'>;
  readonly sessionData: Pick<SessionDataStore, 'keepUntil' | 'isKept'>;
  readonly objects: Pick<ObjectStore, 'getJson' | 'size'>;
  readonly executions: Pick<Executions, 'start'>;
  readonly groups: Pick<GroupStore, 'get'>;
  readonly reclaims: Pick<ReclaimStore, 'use'>;
  readonly sessionMachineArn: string;
  readonly clock: Clock;
}

export type Retry =
  | { readonly outcome: 'retried'; readonly session: SessionItem; readonly jobs: number }
  | { readonly outcome: 'not-found' }
  | Extract<RetryChoice, { outcome: 'impossible' }>;

const impossible = (message: string, remedy: string): Retry => ({
  outcome: 'impossible',
  message,
  remedy,
});

const isPlanned = async ({ objects }: RetryDependencies, key: string): Promise<boolean> =>
  (await objects.size(key)) !== undefined;

/** The run that the reset session is at; another's when somebody else was first. */
const start = async (
  deps: RetryDependencies,
  { id, run, versions }: SessionItem,
  done: boolean,
  jobs: number,
): Promise<Retry> => {
  const remedy = `see what became of it: gantry session show ${id}`;
  if (!done) return impossible('somebody else is retrying the session at this moment', remedy);
  const input: SessionInput = { sessionId: id, run: run + 1 };
  // Whoever dies before this leaves it to the sweep.
  const machine = qualified(deps.sessionMachineArn, versions?.sessionMachine);
  await deps.executions.start(machine, executionName(id, run + 1), input);
  const session = await deps.sessions.getSession(id);
  return session === undefined ? { outcome: 'not-found' } : { outcome: 'retried', session, jobs };
};

/** From then on the reclaimer takes nothing that the session reads; what it has taken before, its first job misses. */
const holdInstances = async (
  { groups, reclaims, clock }: RetryDependencies,
  { id, groupId }: SessionItem,
): Promise<void> => {
  const parsed = parseGroupId(groupId);
  const group = parsed && (await groups.get(parsed.keyId, parsed.generation));
  if (group === undefined) return;
  for (const keyId of group.instanceKeys ?? [group.keyId]) {
    await reclaims.use(keyId, { sessionId: id, at: clock() });
  }
};

/** A session that failed before it had a graph is planned once more. */
const planAgain = async (deps: RetryDependencies, session: SessionItem): Promise<Retry> => {
  await holdInstances(deps, session);
  const done = await deps.sessions.retrySession(session.id, session.run, () => ({
    state: 'PLANNING',
    jobs: [],
    edges: [],
  }));
  return start(deps, session, done, 0);
};

export const retrySession = async (
  deps: RetryDependencies,
  sessionId: string,
  wish: RetryWish,
): Promise<Retry> => {
  const { sessions, sessionData, clock, objects } = deps;
  const session = await sessions.getSession(sessionId);
  if (session === undefined) return { outcome: 'not-found' };
  if (!isTerminalSessionState(session.state)) {
    return impossible(
      `the session is ${session.state}`,
      `wait for its end, or cancel it: gantry session cancel ${sessionId}`,
    );
  }
  const key = objectKeys.sessionPlan(sessionId);
  if (!(await isPlanned(deps, key))) return planAgain(deps, session);
  const plan = SessionPlan.parse(await objects.getJson(key));
  const jobs = await sessions.getJobs(sessionId);
  if (jobs.length === 0 && plan.jobs.length > 0) return planAgain(deps, session);
  const choice = chooseRetry(jobs, plan, wish, sessionId);
  if (choice.outcome === 'impossible') return choice;
  const { nodes } = choice;
  if (wish.all !== true && !(await sessionData.isKept(sessionId))) {
    return impossible(
      'what the jobs of the session kept for each other has been deleted, as it is after some days',
      `begin anew with every job: gantry session retry ${sessionId} --all`,
    );
  }
  // Not to go while the jobs that may need it run again.
  await sessionData.keepUntil(sessionId, keptUntil(clock()));
  await holdInstances(deps, session);
  const done = await sessions.retrySession(sessionId, session.run, (current, epoch) =>
    resetGraph(nodes, current, plan, epoch),
  );
  return start(deps, session, done, nodes.size);
};
