/** The queues of workers that are installed at run time: as infra/ makes those of the default worker. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  QueueDeletedRecently,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { DEFAULT_WORKER, resourceNames, workQueueSuffix } from '../core/contracts/names.ts';
import type { WorkQueues } from '../core/contracts/ports.ts';
import { PRIORITIES } from '../core/contracts/vocabulary.ts';
import { WORK_QUEUE } from '../core/contracts/work-queue.ts';

/** SQS keeps the name of a deleted queue for a minute. */
export class QueueNameTaken extends Error {
  override readonly name = 'QueueNameTaken';

  constructor(worker: string) {
    super(`the queues of a worker named ${worker} were deleted less than a minute ago`);
  }
}

/** Nobody may speak to it unencrypted. */
const encryptedOnly = (queueArn: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'sqs:*',
        Resource: queueArn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });

export const sqsWorkQueues = (
  client: SQSClient,
  options: {
    readonly deployment: string;
    /** URL of every work queue without `<worker>-<priority>`. */
    readonly urlPrefix: string;
    /** The embedded cloud has no encryption on the way, for it has no way. */
    readonly encrypted: boolean;
  },
): WorkQueues => {
  const names = resourceNames(options.deployment);
  const create = async (
    name: string,
    arn: string | undefined,
    attributes: Record<string, string>,
  ): Promise<string> => {
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          MessageRetentionPeriod: String(WORK_QUEUE.retentionSeconds),
          SqsManagedSseEnabled: 'true',
          ...(options.encrypted && arn !== undefined ? { Policy: encryptedOnly(arn) } : {}),
          ...attributes,
        },
      }),
    );
    if (QueueUrl === undefined) throw new Error(`the queue ${name} came without a URL`);
    return QueueUrl;
  };
  const arnOf = async (url: string): Promise<string> => {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
    );
    const arn = Attributes?.QueueArn;
    if (arn === undefined) throw new Error(`the queue ${url} has no ARN`);
    return arn;
  };
  /** Queues of one account and region differ in the ends of their ARNs alone. */
  const prefixOfArns = async (): Promise<string> => {
    const known = `${options.urlPrefix}${workQueueSuffix(DEFAULT_WORKER, PRIORITIES[0])}`;
    const arn = await arnOf(known);
    return arn.slice(0, arn.lastIndexOf(':') + 1);
  };
  const remove = async (url: string): Promise<void> => {
    try {
      await client.send(new DeleteQueueCommand({ QueueUrl: url }));
    } catch (error) {
      if (!(error instanceof QueueDoesNotExist)) throw error;
    }
  };
  return {
    ensure: async (worker) => {
      const arns = await prefixOfArns();
      try {
        await Promise.all(
          PRIORITIES.map(async (priority) => {
            const name = names.workQueue(worker, priority);
            const deadLetters = names.deadLetterQueue(name);
            await create(deadLetters, `${arns}${deadLetters}`, {});
            await create(name, `${arns}${name}`, {
              VisibilityTimeout: String(WORK_QUEUE.leaseSeconds),
              RedrivePolicy: JSON.stringify({
                deadLetterTargetArn: `${arns}${deadLetters}`,
                maxReceiveCount: WORK_QUEUE.maxReceives,
              }),
            });
          }),
        );
      } catch (error) {
        if (error instanceof QueueDeletedRecently) throw new QueueNameTaken(worker);
        throw error;
      }
    },
    remove: async (worker) => {
      const urls = PRIORITIES.map(
        (priority) => `${options.urlPrefix}${workQueueSuffix(worker, priority)}`,
      );
      await Promise.all(urls.flatMap((url) => [url, names.deadLetterQueue(url)]).map(remove));
    },
  };
};
