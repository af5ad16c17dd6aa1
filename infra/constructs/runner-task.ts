/**
 * The task definition of the runners of one worker. Its role may do what a runner does: take work, read
 * instances, write results and items, answer tokens.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import { acknowledge, PLAIN_ENVIRONMENT } from './acknowledge.ts';
import { programLogs } from './logging.ts';
import { repositoryImage } from './repository-image.ts';
import type { WorkQueues } from './work-queues.ts';

export interface RunnerTaskProps {
  readonly config: SiteConfig;
  readonly worker: string;
  readonly data: DataStack;
  readonly work: WorkQueues;
}

/** In the embedded cloud an image is a name for a local command: see local/. */
export const EMBEDDED_RUNNER_IMAGE = 'gantry/runner';

export const runnerTask = (
  scope: Construct,
  id: string,
  { config, worker, data, work }: RunnerTaskProps,
): FargateTaskDefinition => {
  const onAws = config.profile !== 'embedded';
  const names = resourceNames(config.deployment);
  const definition = new FargateTaskDefinition(scope, id, {
    family: names.runnerFamily(worker),
    cpu: config.runners.cpu,
    memoryLimitMiB: config.runners.memoryMiB,
    ...(onAws
      ? {
          ephemeralStorageGiB: config.runners.diskGiB,
          runtimePlatform: {
            cpuArchitecture: CpuArchitecture.ARM64,
            operatingSystemFamily: OperatingSystemFamily.LINUX,
          },
        }
      : {}),
  });
  definition.addContainer('main', {
    image: onAws
      ? repositoryImage('worker-container', Platform.LINUX_ARM64)
      : ContainerImage.fromRegistry(EMBEDDED_RUNNER_IMAGE),
    logging: LogDriver.awsLogs({
      streamPrefix: worker,
      logGroup: programLogs(scope, `${id}Logs`, config, `runner-${worker}`),
    }),
    // A runner told to stop hands its jobs back: Fargate's longest.
    stopTimeout: Duration.seconds(120),
    environment: {
      [ENV.deployment]: config.deployment,
      [ENV.table]: data.table.tableName,
      [ENV.bucket]: data.bucket.bucketName,
      [ENV.worker]: worker,
      [ENV.workQueueUrlPrefix]: work.urlPrefix,
      [ENV.advanceQueueUrl]: work.urlOf(names.advanceQueue),
      [ENV.runnerSlots]: String(config.runners.slots),
      [ENV.runnerLingerSeconds]: String(config.runners.lingerSeconds),
    },
  });

  acknowledge(definition, { 'AwsSolutions-ECS2': PLAIN_ENVIRONMENT });
  const role = definition.taskRole;
  data.access.items(role);
  data.access.read(role);
  data.access.write(role, 'sessions/*');
  const stack = Stack.of(scope);
  role.addToPrincipalPolicy(
    new PolicyStatement({
      // Of every worker: whatever is installed at run time is run by this task too, told which by its start.
      actions: [
        'sqs:ReceiveMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueUrl',
        'sqs:GetQueueAttributes',
      ],
      resources: [stack.formatArn({ service: 'sqs', resource: `${config.deployment}-work-*` })],
    }),
  );
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['sqs:SendMessage'],
      resources: [stack.formatArn({ service: 'sqs', resource: names.advanceQueue })],
    }),
  );
  role.addToPrincipalPolicy(
    new PolicyStatement({
      // Step Functions has no resource level for answers: whoever holds the token may answer it.
      actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      resources: ['*'],
    }),
  );
  return definition;
};
