/** The two state machines of sessions and jobs, what they may do, and their versions of this deployment. */
import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { jobMachineDefinition } from './job-machine.ts';
import { platformArns } from './platform-names.ts';
import { sessionMachineDefinition } from './session-machine.ts';
import { platformStateMachine } from './state-machine.ts';
import { liveVersion, machineVersion, thisVersionArn } from './versions.ts';

export interface PlatformMachinesProps {
  readonly config: SiteConfig;
  readonly queues: Readonly<Record<'plan' | 'advance' | 'tasks', IQueue>>;
  readonly finish: LambdaFunction;
}

/** Versions are undefined in the embedded cloud. */
export const platformMachines = (stack: Stack, props: PlatformMachinesProps) => {
  const { config, queues, finish } = props;
  const names = resourceNames(config.deployment);
  const session = platformStateMachine(stack, 'SessionMachine', {
    config,
    stateMachineName: names.sessionMachine,
    logName: 'session-executions',
    definition: sessionMachineDefinition({
      planQueueUrl: queues.plan.queueUrl,
      advanceQueueUrl: queues.advance.queueUrl,
      finishFunctionArn: thisVersionArn(config, finish),
      liveFinishFunctionArn: liveVersion(config, finish).functionArn,
    }),
  });
  queues.plan.grantSendMessages(session);
  queues.advance.grantSendMessages(session);
  finish.grantInvoke(session);

  const job = platformStateMachine(stack, 'JobMachine', {
    config,
    stateMachineName: names.jobMachine,
    logName: 'job-executions',
    definition: jobMachineDefinition({ advanceQueueUrl: queues.advance.queueUrl }),
  });
  queues.advance.grantSendMessages(job);
  queues.tasks.grantSendMessages(job);
  const { workQueues } = platformArns(stack, config.deployment);
  job.addToRolePolicy(
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [workQueues] }),
  );
  return {
    sessionVersion: machineVersion(config, session),
    jobVersion: machineVersion(config, job),
  };
};
