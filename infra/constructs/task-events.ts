/** ECS tells of each task of the cluster that has stopped; the queue keeps it until somebody has acted on it. */
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export const taskEvents = (
  scope: Construct,
  { clusterArn, queue }: { readonly clusterArn: string; readonly queue: IQueue },
): void => {
  new Rule(scope, 'TaskStopped', {
    eventPattern: {
      source: ['aws.ecs'],
      detailType: ['ECS Task State Change'],
      detail: { clusterArn: [clusterArn], lastStatus: ['STOPPED'] },
    },
    targets: [new SqsQueue(queue)],
  });
};
