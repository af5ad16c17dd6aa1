/** What each Lambda of the platform may do: one function each, so that a permission is found by its holder. */
import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type IRole } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { SessionFunction } from '../../core/contracts/platform-versions.ts';
import type { SiteConfig } from '../config.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import type { WorkersStack } from '../stacks/workers-stack.ts';
import { platformArns } from './platform-names.ts';

export interface GrantContext {
  readonly stack: Stack;
  readonly config: SiteConfig;
  readonly data: DataStack;
  readonly workers: WorkersStack;
  readonly queues: {
    readonly checks: IQueue;
    readonly plan: IQueue;
    readonly advance: IQueue;
    readonly processors: IQueue;
    readonly tasks: IQueue;
  };
  readonly registryRole: IRole;
}

export const platformGrants = ({
  stack,
  config,
  data,
  workers,
  queues,
  registryRole,
}: GrantContext) => {
  const arns = platformArns(stack, config.deployment);
  const allow = (holder: IFunction, actions: string[], resources: string[]): void => {
    holder.addToRolePolicy(new PolicyStatement({ actions, resources }));
  };
  /** What is of a session that began with another version goes there: docs/architecture.md, "Releases". */
  const passOn = (holder: IFunction, name: SessionFunction): void => {
    allow(holder, ['lambda:InvokeFunction'], [arns.versionsOf(name)]);
  };
  const answerTokens = (holder: IFunction): void => {
    // Answers have no resource level: whoever holds the token may answer it.
    allow(holder, ['states:SendTaskSuccess', 'states:SendTaskFailure'], ['*']);
  };
  const executions = (holder: IFunction, machine: 'session' | 'job'): void => {
    allow(
      holder,
      ['states:StartExecution'],
      [machine === 'session' ? arns.sessionMachine : arns.jobMachine],
    );
    allow(
      holder,
      ['states:DescribeExecution', 'states:StopExecution'],
      [machine === 'session' ? arns.sessionExecutions : arns.jobExecutions],
    );
  };
  const passToTasks = (holder: IFunction, resources: string[]): void => {
    holder.addToRolePolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources,
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
    );
  };
  const runners = (holder: IFunction): void => {
    allow(holder, ['ecs:RunTask'], [arns.runnerTaskDefinitions]);
    allow(holder, ['ecs:StopTask', 'ecs:DescribeTasks'], [arns.clusterTasks]);
    const { taskRole, executionRole } = workers.defaultRunner;
    const roles = [taskRole, ...(executionRole === undefined ? [] : [executionRole])];
    passToTasks(
      holder,
      roles.map((role) => role.roleArn),
    );
    allow(holder, ['sqs:GetQueueAttributes'], [arns.workQueues]);
  };

  return {
    stabilityCheck: (holder: IFunction) => {
      data.access.items(holder);
      data.access.read(holder, 'groups/*');
      data.access.write(holder, 'groups/*');
      queues.checks.grantSendMessages(holder);
      executions(holder, 'session');
    },
    processors: (holder: IFunction) => {
      data.access.items(holder);
      data.access.read(holder, 'groups/*');
      data.access.write(holder, 'groups/*');
      queues.processors.grantSendMessages(holder);
      executions(holder, 'session');
    },
    plan: (holder: IFunction) => {
      data.access.items(holder);
      data.access.manyItems(holder);
      data.access.read(holder);
      data.access.write(holder, 'sessions/*');
      // One that Lambda has put to sleep is waited for.
      allow(holder, ['lambda:InvokeFunction', 'lambda:GetFunction'], [arns.registryFunctions]);
      passOn(holder, 'plan');
      answerTokens(holder);
    },
    advance: (holder: IFunction) => {
      data.access.items(holder);
      data.access.read(holder);
      // Post-services clears what the session's jobs kept for each other.
      data.access.remove(holder, 'sessions/*/files/*');
      queues.advance.grantSendMessages(holder);
      executions(holder, 'job');
      passOn(holder, 'advance');
      answerTokens(holder);
      runners(holder);
    },
    tasks: (holder: IFunction) => {
      data.access.items(holder);
      data.access.read(holder, 'sessions/*');
      // What the making of a worker's image has left.
      data.access.read(holder, 'workers/*');
      // Which images a job's group has: its credentials reach no others.
      data.access.read(holder, 'groups/*');
      queues.advance.grantSendMessages(holder);
      queues.tasks.grantSendMessages(holder);
      executions(holder, 'job');
      passOn(holder, 'tasks');
      answerTokens(holder);
      allow(holder, ['ecs:RunTask'], [arns.dockerTaskDefinitions]);
      // Neither has a resource level: what may be registered is bounded by the role that may be passed.
      allow(holder, ['ecs:RegisterTaskDefinition', 'ecs:DescribeTaskDefinition'], ['*']);
      const { executionRole } = workers.dockerTasks;
      if (executionRole !== undefined) passToTasks(holder, [executionRole.roleArn]);
    },
    finish: (holder: IFunction) => {
      data.access.items(holder);
    },
    sweep: (holder: IFunction) => {
      data.access.items(holder);
      data.access.read(holder, 'groups/*');
      data.access.write(holder, 'groups/*');
      // What jobs of a failed session kept for each other goes some days later.
      data.access.remove(holder, 'sessions/*/files/*');
      for (const queue of Object.values(queues)) queue.grantSendMessages(holder);
      executions(holder, 'session');
      executions(holder, 'job');
      answerTokens(holder);
      runners(holder);
      allow(holder, ['sqs:GetQueueAttributes'], [arns.deadLetterQueues]);
      // To find a task by who started it has no resource level but the cluster's.
      holder.addToRolePolicy(
        new PolicyStatement({
          actions: ['ecs:ListTasks'],
          resources: ['*'],
          conditions: { ArnEquals: { 'ecs:cluster': arns.cluster } },
        }),
      );
    },
    /** The only one that may delete images. */
    reclaim: (holder: IFunction) => {
      data.access.items(holder);
      data.access.scan(holder);
      data.access.read(holder);
      data.access.remove(holder, 'instances/*');
      data.access.remove(holder, 'unrouted/*');
      data.access.remove(holder, 'environments/*');
    },
    api: (holder: IFunction) => {
      data.access.items(holder);
      if (workers.imageProject !== undefined) {
        allow(holder, ['states:StartExecution'], [arns.imageMachine]);
      }
      data.access.read(holder);
      data.access.write(holder, 'services/*');
      data.access.write(holder, 'workers/*');
      // The manifest of a session that a person composes.
      data.access.write(holder, 'groups/*');
      allow(holder, ['lambda:InvokeFunction'], [arns.processorsFunction]);
      // The URLs that it hands out for uploads are signed with its own permissions.
      data.access.write(holder, 'uploads/*');
      data.access.remove(holder, 'uploads/*');
      // Unrouted instances are copied to where a group's are, if a person says so.
      data.access.write(holder, 'instances/*');
      for (const queue of Object.values(queues)) {
        queue.grantSendMessages(holder);
        queue.grant(holder, 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl');
      }
      allow(
        holder,
        [
          'sqs:GetQueueAttributes',
          'sqs:GetQueueUrl',
          // Those of a worker that is installed, or removed.
          'sqs:CreateQueue',
          'sqs:SetQueueAttributes',
          'sqs:DeleteQueue',
        ],
        [arns.workQueues],
      );
      allow(
        holder,
        [
          'lambda:CreateFunction',
          'lambda:DeleteFunction',
          'lambda:GetFunction',
          'lambda:GetFunctionConfiguration',
          'lambda:UpdateFunctionCode',
          'lambda:UpdateFunctionConfiguration',
        ],
        [arns.registryFunctions],
      );
      allow(
        holder,
        ['lambda:GetLayerVersion'],
        [
          stack.formatArn({
            service: 'lambda',
            resource: `layer:${config.deployment}-registry-python:*`,
          }),
        ],
      );
      if (config.profile !== 'embedded') {
        // Lambda asks for them of whoever puts a function into a VPC; they have no resource level.
        allow(
          holder,
          ['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'],
          ['*'],
        );
      }
      holder.addToRolePolicy(
        new PolicyStatement({
          actions: ['iam:PassRole'],
          resources: [registryRole.roleArn],
          conditions: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
        }),
      );
      allow(
        holder,
        ['states:StopExecution', 'states:DescribeExecution'],
        [arns.sessionExecutions, arns.jobExecutions],
      );
      executions(holder, 'session');
      // What gantry doctor reads of the account; only images have a resource level.
      allow(
        holder,
        [
          'servicequotas:GetServiceQuota',
          'servicequotas:GetAWSDefaultServiceQuota',
          'ecs:DescribeTaskDefinition',
        ],
        ['*'],
      );
      allow(
        holder,
        ['ecr:DescribeImages'],
        [
          stack.formatArn({
            service: 'ecr',
            resource: 'repository',
            resourceName: 'cdk-*-container-assets-*',
          }),
        ],
      );
    },
  };
};
