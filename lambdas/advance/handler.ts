/**
 * Moves sessions on: from the queue `advance` to the graph in the table, to the executions of the jobs that
 * became ready, and to the runners that they need. Messages may come twice, late and in any order. Those of
 * one session are worked on one after another, so that they do not compete for the same counters.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { parseJobId, shortHash } from '../../core/contracts/keys.ts';
import { errorFacts, messageBody } from '../../core/contracts/message-body.ts';
import { Advance } from '../../core/contracts/messages.ts';
import type { Executions } from '../../core/contracts/ports.ts';
import { advanceSession, type AdvanceDependencies } from '../../core/running/advance-session.ts';
import { stopJobExecution } from '../../core/running/cancel.ts';
import {
  ensureRunners,
  type EnsureRunnersDependencies,
} from '../../core/running/ensure-runners.ts';
import {
  postServices,
  preServices,
  type PlatformNodeDependencies,
} from '../../core/running/platform-nodes.ts';
import {
  delayOf,
  startJob,
  workerOf,
  type StartJobDependencies,
} from '../../core/running/start-job.ts';

export interface AdvanceHandlerDependencies
  extends
    Omit<EnsureRunnersDependencies, 'onNotStarted' | 'sessions'>,
    Omit<PlatformNodeDependencies, 'onUnreadable' | 'sessions'>,
    Omit<StartJobDependencies, 'executions' | 'workers'> {
  readonly sessions: AdvanceDependencies['sessions'] & EnsureRunnersDependencies['sessions'];
  readonly executions: Pick<Executions, 'start' | 'stop' | 'succeed'>;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

type SessionMessage = Extract<Advance, { sessionId: string }>;

const Message = messageBody(Advance);

interface Received<T> {
  readonly messageId: string;
  readonly message: T;
  /** SQS delivers it not for the first time: somebody may have died over it, and left anything undone. */
  readonly again: boolean;
}

export const makeHandler = (deps: AdvanceHandlerDependencies) => {
  const { executions, logger, sessions } = deps;

  const platformNodes: PlatformNodeDependencies = {
    ...deps,
    onUnreadable: (sessionId, uids) => {
      logger.error('images of a session cannot be read', {
        sessionId,
        count: uids.length,
        instances: uids.slice(0, 10).map((uid) => shortHash(uid, 12)),
      });
    },
  };
  const runners: EnsureRunnersDependencies = {
    ...deps,
    onNotStarted: (worker, error) => {
      logger.error('a runner could not be started', { worker, ...errorFacts(error) });
    },
  };

  /** Adds to `started` how many jobs of each worker were started. */
  const advance = async (
    { message, again }: Received<SessionMessage>,
    started: Map<string, number>,
  ): Promise<void> => {
    const { sessionId, jobId, token, run } = message;
    const job = jobId === undefined ? undefined : parseJobId(jobId);
    const outcome = await advanceSession(
      {
        sessions,
        startJob: async (ready) => {
          await startJob(deps, ready);
          // Also when it had been started: who did so may have died before it saw to the runners.
          const worker = workerOf(ready);
          const delay = delayOf(ready, deps.clock());
          if (delay > 0) {
            // A runner that came now would have gone before the job may begin.
            const later: Advance = { ensureRunner: { worker } };
            await deps.queues.send(deps.advanceQueueUrl, later, delay);
            return;
          }
          started.set(worker, (started.get(worker) ?? 0) + 1);
        },
        stopJob: (cancelled) => stopJobExecution(deps, cancelled),
        runPreServices: (id) => preServices(platformNodes, id),
        runPostServices: (id) => postServices(platformNodes, id),
        answerToken: async (waiting, id) => {
          const alive = await executions.succeed(waiting, { sessionId: id });
          if (!alive) logger.info('nobody waits for the jobs of a session', { sessionId: id });
          return alive;
        },
        clock: deps.clock,
      },
      {
        sessionId,
        nodeId: again ? undefined : job?.nodeId,
        // With a job, `run` is the job's.
        ...(jobId === undefined ? { token, run } : {}),
      },
    );
    if (outcome === 'complete') logger.info('the jobs of a session have ended', { sessionId });
  };

  const parse = (record: SQSRecord): Received<Advance> | undefined => {
    const parsed = Message.safeParse(record.body);
    if (parsed.success) {
      return {
        messageId: record.messageId,
        message: parsed.data,
        again: Number(record.attributes.ApproximateReceiveCount) > 1,
      };
    }
    logger.error('a message on the advance queue is no request to advance', {
      messageId: record.messageId,
    });
    return undefined;
  };

  return async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = new Set<string>();
    const started = new Map<string, number>();
    const workers = new Map<string, string[]>();
    const bySession = new Map<string, Received<SessionMessage>[]>();
    for (const record of Records) {
      const received = parse(record);
      if (received === undefined) continue;
      const { message, messageId, again } = received;
      if ('ensureRunner' in message) {
        const { worker } = message.ensureRunner;
        workers.set(worker, [...(workers.get(worker) ?? []), messageId]);
      } else {
        const others = bySession.get(message.sessionId) ?? [];
        bySession.set(message.sessionId, [...others, { messageId, message, again }]);
      }
    }

    await Promise.all(
      [...bySession].map(async ([sessionId, messages]) => {
        for (const received of messages) {
          try {
            await advance(received, started);
          } catch (error) {
            logger.error('a session could not be moved on', { sessionId, ...errorFacts(error) });
            failed.add(received.messageId);
          }
        }
      }),
    );
    // Also after a failure: what was started needs its runners all the same.
    await Promise.all(
      [...new Set([...started.keys(), ...workers.keys()])].map(async (worker) => {
        try {
          const outcome = await ensureRunners(runners, worker, started.get(worker) ?? 0);
          if (outcome.outcome !== 'enough') logger.info('runners counted', { worker, ...outcome });
        } catch (error) {
          logger.error('runners could not be counted', { worker, ...errorFacts(error) });
          for (const messageId of workers.get(worker) ?? []) failed.add(messageId);
        }
      }),
    );
    return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
  };
};
