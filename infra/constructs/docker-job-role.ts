/**
 * The role of docker jobs: no task has it. The function `tasks` assumes it for each job, with a policy that leaves
 * only that job's session of it (core/running/task-policy.ts), and gives the credentials to the containers beside
 * the image. What stands here is the most that any job may have.
 */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, type IRole } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import type { DataStack } from '../stacks/data-stack.ts';

export interface DockerJobRoleProps {
  readonly config: SiteConfig;
  readonly data: DataStack;
  readonly tasksQueue: IQueue;
  /** Of the function `tasks`: nobody else may assume it. */
  readonly assumedBy: IRole;
}

/** What the function `tasks` has to know of it; nothing in the embedded cloud, which has no such role. */
export const dockerJobRole = (
  scope: Construct,
  { config, data, tasksQueue, assumedBy }: DockerJobRoleProps,
): Readonly<Record<string, string>> => {
  if (config.profile === 'embedded') return {};
  const roleName = resourceNames(config.deployment).dockerJobRole;
  const role = new Role(scope, 'DockerJob', {
    roleName,
    assumedBy,
    description: 'Docker jobs: assumed for each by the function tasks, with its session alone',
  });
  data.access.sessionItems(role);
  for (const prefix of ['sessions/*', 'groups/*', 'instances/*', 'services/*', 'workers/*']) {
    data.access.readNamed(role, prefix);
  }
  data.access.write(role, 'sessions/*');
  tasksQueue.grant(role, 'sqs:SendMessage');
  role.addToPolicy(
    new PolicyStatement({
      // Answers have no resource level: whoever holds the token may answer it.
      actions: ['states:SendTaskSuccess'],
      resources: ['*'],
    }),
  );
  const arn = Stack.of(scope).formatArn({
    ...{ service: 'iam', region: '', resource: 'role', resourceName: roleName },
  });
  assumedBy.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['sts:AssumeRole'], resources: [arn] }),
  );
  return {
    [ENV.taskJobRoleArn]: arn,
    [ENV.tableArn]: data.table.tableArn,
    [ENV.bucketArn]: data.bucket.bucketArn,
    [ENV.tasksQueueArn]: tasksQueue.queueArn,
  };
};
