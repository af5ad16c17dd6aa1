/**
 * Tasks that ECS runs for jobs, from the queue `tasks`: starts one for each run of a docker worker's job, hears of
 * every task that has stopped, and renews the credentials of those at work. Messages may come twice, late and in
 * any order.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { parseExecutionName } from '../../core/contracts/keys.ts';
import { errorFacts, messageBody } from '../../core/contracts/message-body.ts';
import {
  TaskMessage,
  type CredentialsRequest,
  type ImageMade,
  type TaskStopped,
} from '../../core/contracts/messages.ts';
import type { WorkerImage } from '../../core/contracts/worker-image.ts';
import {
  jobTaskEnded,
  startJobTask,
  type JobTasksDependencies,
} from '../../core/running/job-tasks.ts';
import type { Renewal } from '../../core/running/task-credentials.ts';
import type { RunnerTaskEnd } from '../../core/running/runner-task-ended.ts';

export interface TasksHandlerDependencies extends JobTasksDependencies {
  readonly runnerEnded: (runnerId: string, task: TaskStopped['detail']) => Promise<RunnerTaskEnd>;
  /** `holder` is the name under which the credentials that signed the message were issued. */
  readonly renew: (
    request: CredentialsRequest['renewCredentials'],
    holder: string,
  ) => Promise<Renewal>;
  readonly imageMade: (
    message: ImageMade['imageMade'],
  ) => Promise<WorkerImage['state'] | 'superseded'>;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

const Message = messageBody(TaskMessage);

export const makeHandler = (deps: TasksHandlerDependencies) => {
  const { logger } = deps;

  const stopped = async ({ detail }: TaskStopped): Promise<void> => {
    const startedBy = detail.startedBy ?? '';
    const run = parseExecutionName(startedBy);
    const outcome =
      run === undefined
        ? await deps.runnerEnded(startedBy, detail)
        : await jobTaskEnded(deps, { jobId: run.id, run: run.run }, detail);
    logger.info('a task has stopped', { stopCode: detail.stopCode, outcome });
  };

  /** SQS says who has sent it: `<id of the role>:<name of its session>`. */
  const holderOf = ({ attributes }: SQSRecord): string =>
    attributes.SenderId.split(':').slice(1).join(':');

  const handle = async (record: SQSRecord): Promise<void> => {
    const parsed = Message.safeParse(record.body);
    if (!parsed.success) {
      logger.error('a message on the queue of tasks is none', { messageId: record.messageId });
      return;
    }
    const message = parsed.data;
    const holder = holderOf(record);
    if ('renewCredentials' in message) {
      const outcome = await deps.renew(message.renewCredentials, holder);
      logger.info('a task has asked for credentials', { outcome });
      return;
    }
    if (parseExecutionName(holder) !== undefined) {
      logger.error('a task has sent what is not its to say', { messageId: record.messageId });
      return;
    }
    if ('imageMade' in message) {
      const outcome = await deps.imageMade(message.imageMade);
      const { worker, build } = message.imageMade;
      logger.info('the image of a worker was made, or not', { worker, build, outcome });
      return;
    }
    if ('detail' in message) {
      await stopped(message);
      return;
    }
    const outcome = await startJobTask(deps, message);
    logger.info('a task was asked for', { jobId: message.jobId, outcome });
  };

  return async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed: string[] = [];
    await Promise.all(
      Records.map(async (record) => {
        try {
          await handle(record);
        } catch (error) {
          logger.error('a message about a task could not be handled', { ...errorFacts(error) });
          failed.push(record.messageId);
        }
      }),
    );
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
};
