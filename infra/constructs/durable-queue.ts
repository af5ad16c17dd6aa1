/** A standard queue with its dead-letter queue: nothing that could not be handled disappears. */
import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import { WORK_QUEUE } from '../../core/contracts/work-queue.ts';
import type { SiteConfig } from '../config.ts';

export interface DurableQueueProps {
  readonly config: SiteConfig;
  readonly queueName: string;
  readonly visibilityTimeout: Duration;
  /** Receives before a message counts as undeliverable. */
  readonly maxReceiveCount: number;
}

export const QUEUE_RETENTION = Duration.seconds(WORK_QUEUE.retentionSeconds);

export const durableQueue = (scope: Construct, id: string, props: DurableQueueProps): Queue => {
  const shared = {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: props.config.profile !== 'embedded',
    retentionPeriod: QUEUE_RETENTION,
  };
  return new Queue(scope, id, {
    ...shared,
    queueName: props.queueName,
    visibilityTimeout: props.visibilityTimeout,
    deadLetterQueue: {
      maxReceiveCount: props.maxReceiveCount,
      queue: new Queue(scope, `${id}DeadLetters`, {
        ...shared,
        queueName: resourceNames(props.config.deployment).deadLetterQueue(props.queueName),
      }),
    },
  });
};
