/**
 * Ends a session, or one job, on the word of a person. A session is only marked: `advance` cancels its jobs
 * wherever they stand, so that whoever dies on the way leaves it to the next who looks. The runner of a job sees
 * within seconds that the job is not its own any more, and ends its callback.
 */
import type { JobItem, SessionItem } from '../contracts/items.ts';
import { executionName } from '../contracts/keys.ts';
import type { Advance } from '../contracts/messages.ts';
import type { Clock, Executions, Queues } from '../contracts/ports.ts';
import type { SessionStore } from './session-store.ts';
import { isTerminalSessionState } from './states.ts';

export interface CancelDependencies {
  readonly sessions: Pick<SessionStore, 'getSession' | 'requestCancel' | 'getJob' | 'cancelJob'>;
  readonly executions: Pick<Executions, 'stop'>;
  readonly queues: Pick<Queues, 'send'>;
  readonly jobMachineArn: string;
  readonly advanceQueueUrl: string;
  readonly clock: Clock;
}

/** `ended`: it had ended before; `cancelled` also when it had been cancelled before. */
export type Cancellation<T> =
  { readonly outcome: 'cancelled' | 'ended'; readonly item: T } | { readonly outcome: 'not-found' };

/** The session ends once each of its jobs has. */
export const cancelSession = async (
  { sessions, queues, advanceQueueUrl, clock }: CancelDependencies,
  sessionId: string,
): Promise<Cancellation<SessionItem>> => {
  const noted = await sessions.requestCancel(sessionId, clock());
  const item = await sessions.getSession(sessionId);
  if (item === undefined) return { outcome: 'not-found' };
  if (!noted) return { outcome: item.state === 'CANCELLED' ? 'cancelled' : 'ended', item };
  if (!isTerminalSessionState(item.state)) {
    await queues.send(advanceQueueUrl, { sessionId } satisfies Advance);
  }
  return { outcome: 'cancelled', item };
};

/** Ends the execution of a job's run, whose message nobody needs any more. */
export const stopJobExecution = async (
  { executions, jobMachineArn }: Pick<CancelDependencies, 'executions' | 'jobMachineArn'>,
  { id, run }: Pick<JobItem, 'id' | 'run'>,
): Promise<void> => {
  if (run > 0) await executions.stop(jobMachineArn, executionName(id, run), 'It was cancelled.');
};

/** What depends on the job is skipped; the rest of its session goes on. */
export const cancelJob = async (
  deps: CancelDependencies,
  sessionId: string,
  nodeId: string,
): Promise<Cancellation<JobItem>> => {
  const { sessions, queues, advanceQueueUrl, clock } = deps;
  const before = await sessions.getJob(sessionId, nodeId);
  if (before === undefined) return { outcome: 'not-found' };
  const why = { reason: 'It was cancelled.', epoch: before.epoch };
  const job =
    (await sessions.cancelJob(sessionId, nodeId, why, clock())) ??
    (await sessions.getJob(sessionId, nodeId)) ??
    before;
  if (job.state !== 'CANCELLED') return { outcome: 'ended', item: job };
  // Also when it had been cancelled before: who did so may have died before this.
  await stopJobExecution(deps, job);
  const request = { sessionId, jobId: job.id } satisfies Advance;
  await queues.send(advanceQueueUrl, request);
  return { outcome: 'cancelled', item: job };
};
