/**
 * What a runner does with one message of a work queue: leases the job, runs an attempt of it, stores the outcome
 * against the attempt's number, answers the token and deletes the message. Everything may happen twice: the job
 * item decides which attempt counts, and a token that is dead is an answer like another.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import { parseJobId } from '../core/contracts/keys.ts';
import { objectKeys } from '../core/contracts/object-keys.ts';
import { errorFacts } from '../core/contracts/message-body.ts';
import { Work } from '../core/contracts/messages.ts';
import type {
  Clock,
  Executions,
  HeldMessage,
  MessageSource,
  ObjectStore,
} from '../core/contracts/ports.ts';
import { endAttempt } from '../core/running/end-attempt.ts';
import { recentlyRead } from '../core/running/recently-read.ts';
import type { SessionStore } from '../core/running/session-store.ts';
import { isTerminalJobState } from '../core/running/states.ts';
import { runAttempt, type AttemptSignals, type AttemptTools } from './execution/attempt.ts';
import { serviceJob, type ServiceJob } from './execution/job-document.ts';
import { jobLog } from './execution/job-log.ts';
import { failure, type AttemptOutcome } from './execution/outcome.ts';
import { storableOutcome } from './execution/storable.ts';
import { watchJob } from './job-watch.ts';
import { holdMessage } from './message-hold.ts';

/** After a fault of the platform: long enough for most of them to pass. */
const RETRY_SECONDS = 10;

/** Sessions of which the group is remembered. */
const SESSIONS = 100;

export interface JobHandlerDependencies {
  readonly store: SessionStore;
  readonly objects: ObjectStore;
  readonly messages: MessageSource;
  readonly executions: Executions;
  readonly tools: AttemptTools;
  readonly runnerId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `given-back`: somebody will get the message again. */
export type Handled = 'done' | 'given-back';

export const makeJobHandler = (dependencies: JobHandlerDependencies) => {
  const { store, objects, messages, executions, tools, runnerId, clock, logger } = dependencies;

  const groupOf = recentlyRead(SESSIONS, async (sessionId) => {
    const session = await store.getSession(sessionId);
    return session?.groupId;
  });

  const answer = async (message: HeldMessage, token: string): Promise<Handled> => {
    const heard = await executions.succeed(token, {});
    if (!heard) logger.info('the token was dead');
    await messages.delete(message);
    return 'done';
  };

  const giveBack = async (message: HeldMessage, seconds: number): Promise<Handled> => {
    await messages.hold(message, seconds);
    return 'given-back';
  };

  const attempt = async (
    work: ServiceJob,
    signals: AttemptSignals,
  ): Promise<AttemptOutcome | undefined> => {
    const { job } = work;
    const groupId = await groupOf(job.sessionId);
    if (groupId === undefined) {
      return failure({
        type: 'SessionMissing',
        message: 'the session of the job is not stored any more',
        traceback: '',
      });
    }
    const log = jobLog({
      objects,
      key: objectKeys.jobLog(job.sessionId, job.nodeId, job.attempt),
      onUploadFailed: (error) => {
        logger.warn('the log was not uploaded', { jobId: job.id, ...errorFacts(error) });
      },
    });
    try {
      return await runAttempt(tools, work, groupId, log, signals);
    } finally {
      await log.close().catch((error: unknown) => {
        // A result is worth more than its log.
        logger.error('the log was lost', { jobId: job.id, ...errorFacts(error) });
      });
    }
  };

  /** No outcome is taken: another attempt has the job, or it was ended from outside. */
  const superseded = async (
    message: HeldMessage,
    work: ServiceJob,
    token: string,
  ): Promise<Handled> => {
    const { sessionId, nodeId, id, attempt } = work.job;
    logger.warn('the job is not this attempt’s any more', { jobId: id, attempt });
    const job = await store.getJob(sessionId, nodeId);
    const isRunOver =
      job === undefined || isTerminalJobState(job.state) || job.run !== work.job.run;
    if (isRunOver) return answer(message, token);
    // The message is that attempt's now.
    return 'given-back';
  };

  const run = async (
    message: HeldMessage,
    work: ServiceJob,
    token: string,
    stopping: AbortSignal,
  ): Promise<Handled> => {
    const { job } = work;
    const watch = watchJob(store, job, (error) => {
      logger.warn('a job could not be watched', { jobId: job.id, ...errorFacts(error) });
    });
    const signals = { stopping, cancelled: watch.cancelled };
    const outcome = await attempt(work, signals).finally(watch.stop);
    if (watch.cancelled.aborted) return superseded(message, work, token);
    if (outcome === undefined) {
      await store.handBackJob(job.sessionId, job.nodeId, job.attempt);
      return giveBack(message, 0);
    }
    const end = await endAttempt(store, job, await storableOutcome(objects, job, outcome), clock());
    const { id: jobId, attempt: number } = job;
    logger.info('attempt ended', { jobId, attempt: number, state: outcome.state, end });
    // A further try is a run with a message of its own: this run's is done.
    return end === 'superseded' ? superseded(message, work, token) : answer(message, token);
  };

  /** Never rejects; `stopping` ends the attempt and gives the message back. */
  return async (message: HeldMessage, stopping: AbortSignal): Promise<Handled> => {
    const parsed = Work.safeParse(parseJson(message.body));
    const ids = parsed.success ? parseJobId(parsed.data.jobId) : undefined;
    if (!parsed.success || ids === undefined) {
      logger.error('a message that is no work was deleted');
      await messages.delete(message);
      return 'done';
    }
    const { run: runNumber, token, jobId } = parsed.data;
    const hold = holdMessage(messages, message, (error) => {
      logger.warn('a message could not be held', { jobId, ...errorFacts(error) });
    });
    // Read while the job is leased; what fails is met where it is waited for.
    groupOf(ids.sessionId).catch(() => undefined);
    try {
      const lease = await store.leaseJob(ids.sessionId, ids.nodeId, runNumber, runnerId, clock());
      if (lease.outcome !== 'leased') {
        logger.info('nothing to run', { jobId, outcome: lease.outcome });
        return await answer(message, token);
      }
      const work = serviceJob(lease.job);
      if (work === undefined) throw new Error(`${jobId} is no job of a service`);
      return await run(message, work, token, AbortSignal.any([stopping, hold.lost]));
    } catch (error) {
      logger.error('a job could not be run now', { jobId, ...errorFacts(error) });
      return await giveBack(message, RETRY_SECONDS).catch((): Handled => 'given-back');
    } finally {
      hold.stop();
    }
  };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
