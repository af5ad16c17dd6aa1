/**
 * One request to move a session on, and the answer of its task token once post-services has ended. Whoever
 * ends post-services reads the token, and whoever brings the token reads post-services: one of them sees both.
 */
import type { JobItem } from '../contracts/items.ts';
import { GraphPass, type GraphPassDependencies } from './graph-pass.ts';
import type { SessionStore } from './session-store.ts';
import { isTerminalJobState, isTerminalSessionState } from './states.ts';

export interface AdvanceRequest {
  readonly sessionId: string;
  /** The node that has ended; without it the whole graph is looked at. */
  readonly nodeId?: string | undefined;
  /** The token on which this run of the session waits. */
  readonly token?: string | undefined;
  /** The session's run that `token` is of; without it, the run that the session is at. */
  readonly run?: number | undefined;
}

export interface AdvanceDependencies extends GraphPassDependencies {
  readonly sessions: GraphPassDependencies['sessions'] &
    Pick<SessionStore, 'getSession' | 'setToken'>;
  /** Lets the session's execution go on. False when the token is dead. */
  readonly answerToken: (token: string, sessionId: string) => Promise<boolean>;
}

export type AdvanceOutcome =
  | 'advanced'
  /** The graph is complete: the token was answered, if there was one. */
  | 'complete'
  /** There is no such session, it is still being planned, or it has ended. */
  | 'not-running';

const isComplete = (jobs: readonly JobItem[]): boolean =>
  jobs.some((job) => job.kind === 'post-services' && isTerminalJobState(job.state));

export const advanceSession = async (
  deps: AdvanceDependencies,
  request: AdvanceRequest,
): Promise<AdvanceOutcome> => {
  const { sessions } = deps;
  const { sessionId, nodeId, token } = request;
  const session = await sessions.getSession(sessionId);
  if (session === undefined) return 'not-running';
  if (isTerminalSessionState(session.state)) {
    // Its execution has nothing left to wait for.
    if (token !== undefined) await deps.answerToken(token, sessionId);
    return 'not-running';
  }
  if (token !== undefined) await sessions.setToken(sessionId, request.run ?? session.run, token);
  if (session.state === 'PLANNING') return 'not-running';

  const seen = { end: false };
  const pass = new GraphPass(
    {
      ...deps,
      runPostServices: async (id) => {
        const outcome = await deps.runPostServices(id);
        seen.end = true;
        return outcome;
      },
    },
    sessionId,
  );
  const isCancelled = session.cancelledAt !== undefined;
  if (isCancelled) await pass.cancelJobs('Its session was cancelled.', session.epoch);
  if (nodeId === undefined || isCancelled) {
    await pass.whole();
    seen.end ||= isComplete(await sessions.getJobs(sessionId));
  } else {
    await pass.nodeEnded(nodeId);
  }
  if (!seen.end) return 'advanced';
  const current = await sessions.getSession(sessionId);
  // The token of a retry that came meanwhile is not this graph's.
  if (current?.token !== undefined && current.epoch === session.epoch) {
    await deps.answerToken(current.token, sessionId);
  }
  return 'complete';
};
