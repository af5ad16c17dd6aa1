/** The queues of one worker: one for each priority, with one dead-letter queue each. */
import { Duration, Fn } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import { PRIORITIES } from '../../core/contracts/vocabulary.ts';
import { WORK_QUEUE } from '../../core/contracts/work-queue.ts';
import type { SiteConfig } from '../config.ts';
import { durableQueue } from './durable-queue.ts';

export interface WorkQueues {
  readonly queues: readonly Queue[];
  /** URL of every work queue without `<worker>-<priority>`. */
  readonly urlPrefix: string;
  /** The URL of another queue of this account and region by its name, without a reference to its stack. */
  readonly urlOf: (queueName: string) => string;
}

export const workQueues = (scope: Construct, worker: string, config: SiteConfig): WorkQueues => {
  const names = resourceNames(config.deployment);
  const queues = PRIORITIES.map((priority) =>
    durableQueue(scope, `Work-${worker}-${priority}`, {
      config,
      queueName: names.workQueue(worker, priority),
      visibilityTimeout: Duration.seconds(WORK_QUEUE.leaseSeconds),
      maxReceiveCount: WORK_QUEUE.maxReceives,
    }),
  );
  const [first] = queues;
  if (first === undefined) throw new Error('there are no priorities');
  const firstName = names.workQueue(worker, PRIORITIES[0]);
  const base = Fn.select(0, Fn.split(firstName, first.queueUrl));
  const common = firstName.slice(0, -`${worker}-${PRIORITIES[0]}`.length);
  return {
    queues,
    urlPrefix: Fn.join('', [base, common]),
    urlOf: (queueName) => Fn.join('', [base, queueName]),
  };
};
