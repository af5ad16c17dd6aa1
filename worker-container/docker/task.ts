/** What `fetch` and `report` have in common: their job, its log, and how an outcome is told. */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { JobItem } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { errorFacts } from '../../core/contracts/message-body.ts';
import type { Clock, Executions } from '../../core/contracts/ports.ts';
import { endAttempt } from '../../core/running/end-attempt.ts';
import type { SessionStore } from '../../core/running/session-store.ts';
import type { AttemptSignals, AttemptTools } from '../execution/attempt.ts';
import { jobLog, type ReadableLog } from '../execution/job-log.ts';
import type { AttemptOutcome } from '../execution/outcome.ts';
import { storableOutcome } from '../execution/storable.ts';
import type { TaskFolders } from './volumes.ts';

/** The run of a job that a task was started for, and the token that waits for its end. */
export interface TaskJob {
  readonly sessionId: string;
  readonly nodeId: string;
  readonly run: number;
  readonly token: string;
}

export interface TaskDependencies {
  readonly store: Pick<
    SessionStore,
    'leaseJob' | 'getJob' | 'getSession' | 'finishJob' | 'retryJob'
  >;
  readonly executions: Pick<Executions, 'succeed'>;
  readonly tools: AttemptTools;
  /** The platform's own, which has the SDK. */
  readonly python: string;
  readonly folders: TaskFolders;
  /** The worker's package, unpacked. */
  readonly workerFolder: string;
  /** Stands in the job's item as its runner. */
  readonly taskId: string;
  readonly signals: AttemptSignals;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** More than the last lines of it have that are told of a container that failed. */
const TAIL_BYTES = 64 * 1024;

export interface TaskLog extends ReadableLog {
  /** The end of what was written, also where the log keeps no more. */
  readonly tail: () => string;
}

/** `before` is what the task's earlier containers have logged. */
export const openTaskLog = (
  { tools, logger }: Pick<TaskDependencies, 'tools' | 'logger'>,
  job: JobItem,
  before: string,
): TaskLog => {
  const log = jobLog({
    objects: tools.objects,
    key: objectKeys.jobLog(job.sessionId, job.nodeId, job.attempt),
    onUploadFailed: (error) => {
      logger.warn('the log was not uploaded', { jobId: job.id, ...errorFacts(error) });
    },
  });
  let tail = Buffer.alloc(0);
  const write = (chunk: Buffer): void => {
    log.write(chunk);
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
  };
  if (before !== '') write(Buffer.from(before));
  return { ...log, write, tail: () => tail.toString('utf8') };
};

/** Stores the outcome against the attempt; then lets the job's execution go on. */
export const tellOutcome = async (
  { store, tools, executions, clock, logger }: TaskDependencies,
  job: JobItem,
  outcome: AttemptOutcome,
  token: string,
): Promise<void> => {
  const end = await endAttempt(
    store,
    job,
    await storableOutcome(tools.objects, job, outcome),
    clock(),
  );
  logger.info('attempt ended', { jobId: job.id, attempt: job.attempt, state: outcome.state, end });
  // Of an attempt that does not count any more, the token is not this task's to answer.
  if (end !== 'superseded') await executions.succeed(token, {});
};
