/** Writes the final state of a session when its execution has come to its end, one way or the other. */
import type { FinishInput } from '../contracts/messages.ts';
import type { Clock } from '../contracts/ports.ts';
import type { SessionState } from '../contracts/vocabulary.ts';
import { forEach, limiter } from './concurrency.ts';
import { sessionOutcome } from './session-outcome.ts';
import { keptUntil } from './kept-data.ts';
import type { SessionDataStore, SessionStore } from './session-store.ts';
import { isTerminalSessionState } from './states.ts';

/** The emulator of the embedded cloud fails what was running when it stopped: no fault of the session. */
const RESTART_ERROR = 'States.ServiceRestart';

const SKIPS_AT_A_TIME = 16;

export interface FinishDependencies {
  readonly sessions: Pick<SessionStore, 'getSession' | 'getJobs' | 'skipJob' | 'finishSession'>;
  readonly sessionData: Pick<SessionDataStore, 'keepUntil'>;
  readonly clock: Clock;
}

export type FinishOutcome =
  | { readonly outcome: 'finished'; readonly state: SessionState }
  /** It had ended before, another run has it, or there is no such session. */
  | { readonly outcome: 'nothing-to-do' }
  /** Its execution was lost, and the sweep starts another. */
  | { readonly outcome: 'left-to-sweep' };

/** The execution says that its jobs have ended, and they have not: the sweep lets it run again. */
export class JobsNotEnded extends Error {
  override readonly name = 'JobsNotEnded';
  readonly sessionId: string;

  constructor(sessionId: string) {
    super(`session ${sessionId} cannot finish while it has jobs that have not ended`);
    this.sessionId = sessionId;
  }
}

const finishFailed = async (
  { sessions, clock }: FinishDependencies,
  sessionId: string,
  reason: string,
): Promise<void> => {
  const jobs = await sessions.getJobs(sessionId);
  const limit = limiter(SKIPS_AT_A_TIME);
  const waiting = jobs.filter((job) => job.kind !== 'barrier' && job.state === 'WAITING');
  await forEach(waiting, (job) =>
    limit(async () => {
      const why = {
        reason: `Its session failed. ${reason}`,
        stopped: true,
        epoch: job.epoch,
      };
      await sessions.skipJob(sessionId, job.nodeId, why, clock());
    }),
  );
};

export const finishSession = async (
  deps: FinishDependencies,
  { sessionId, run, error }: FinishInput,
): Promise<FinishOutcome> => {
  const { sessions, clock } = deps;
  const session = await sessions.getSession(sessionId);
  if (session === undefined || isTerminalSessionState(session.state) || session.run !== run) {
    return { outcome: 'nothing-to-do' };
  }
  if (error !== undefined) {
    if (error.name === RESTART_ERROR || error.cause.includes(RESTART_ERROR)) {
      return { outcome: 'left-to-sweep' };
    }
    const reason = error.cause === '' ? error.name : `${error.name}: ${error.cause}`;
    // First the state: from then on nobody starts a job of it.
    const done = await sessions.finishSession(sessionId, {
      state: 'FAILED',
      reason,
      endedAt: clock(),
      run,
    });
    await deps.sessionData.keepUntil(sessionId, keptUntil(clock()));
    await finishFailed(deps, sessionId, reason);
    return done ? { outcome: 'finished', state: 'FAILED' } : { outcome: 'nothing-to-do' };
  }
  const outcome = sessionOutcome(await sessions.getJobs(sessionId), session);
  if (outcome.state === 'RUNNING') throw new JobsNotEnded(sessionId);
  const done = await sessions.finishSession(sessionId, { ...outcome, endedAt: clock(), run });
  return done ? { outcome: 'finished', state: outcome.state } : { outcome: 'nothing-to-do' };
};
