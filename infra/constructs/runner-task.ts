/**
 * The task definition of the runners of one worker. Its role may do what a runner does: take work, read
 * instances, write results and items, answer tokens.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Compatibility,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDriver,
  NetworkMode,
  OperatingSystemFamily,
  TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { PolicyStatement, type IRole } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { GpuPoolKind } from '../../core/contracts/gpu-capacity.ts';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import { acknowledge, PLAIN_ENVIRONMENT } from './acknowledge.ts';
import { gpuTaskSize } from './task-capacity.ts';
import { repositoryImage } from './repository-image.ts';
import type { WorkQueues } from './work-queues.ts';

export interface RunnerTaskProps {
  readonly config: SiteConfig;
  readonly worker: string;
  readonly data: DataStack;
  readonly work: WorkQueues;
  readonly logs: ILogGroup;
}

/** In the embedded cloud an image is a name for a local command: see local/. */
export const EMBEDDED_RUNNER_IMAGE = 'gantry/runner';

const container = (
  { config, worker, data, work, logs }: RunnerTaskProps,
  image: ContainerImage,
) => {
  const names = resourceNames(config.deployment);
  return {
    image,
    logging: LogDriver.awsLogs({ streamPrefix: worker, logGroup: logs }),
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
  };
};

const grantWork = (stack: Stack, role: IRole, { config, data }: RunnerTaskProps): void => {
  data.access.items(role);
  data.access.read(role);
  data.access.write(role, 'sessions/*');
  // The virtual environments that runners share. No code of services or packages has this role.
  data.access.write(role, 'environments/*');
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
      resources: [
        stack.formatArn({
          service: 'sqs',
          resource: resourceNames(config.deployment).advanceQueue,
        }),
      ],
    }),
  );
  role.addToPrincipalPolicy(
    new PolicyStatement({
      // Step Functions has no resource level for answers: whoever holds the token may answer it.
      actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      resources: ['*'],
    }),
  );
};

export const runnerTask = (
  scope: Construct,
  id: string,
  props: RunnerTaskProps,
): FargateTaskDefinition => {
  const { config, worker } = props;
  const onAws = config.profile !== 'embedded';
  const definition = new FargateTaskDefinition(scope, id, {
    family: resourceNames(config.deployment).runnerFamily(worker),
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
  const image = onAws
    ? repositoryImage('worker-container', Platform.LINUX_ARM64)
    : ContainerImage.fromRegistry(EMBEDDED_RUNNER_IMAGE);
  definition.addContainer('main', container(props, image));
  acknowledge(definition, { 'AwsSolutions-ECS2': PLAIN_ENVIRONMENT });
  grantWork(Stack.of(scope), definition.taskRole, props);
  return definition;
};

/** The same runner on machines with GPUs: of its own architecture, with the roles of the other, and one GPU unless its start says how many. */
export const gpuRunnerTask = (
  scope: Construct,
  id: string,
  props: RunnerTaskProps & {
    readonly kind: GpuPoolKind;
    readonly like: FargateTaskDefinition;
  },
): void => {
  const { config, kind, like } = props;
  const { cpu, memoryMiB } = gpuTaskSize(config);
  const definition = new TaskDefinition(scope, id, {
    family: resourceNames(config.deployment).gpuRunnerFamily,
    compatibility:
      kind === 'managed-instances' ? Compatibility.MANAGED_INSTANCES : Compatibility.EC2,
    networkMode: NetworkMode.AWS_VPC,
    ...{ cpu: String(cpu), memoryMiB: String(memoryMiB) },
    taskRole: like.taskRole,
    executionRole: like.obtainExecutionRole(),
    // A definition for machines of an Auto Scaling group says nothing of them: they are what the group has.
    ...(kind === 'managed-instances'
      ? {
          runtimePlatform: {
            cpuArchitecture: CpuArchitecture.X86_64,
            operatingSystemFamily: OperatingSystemFamily.LINUX,
          },
        }
      : {}),
  });
  definition.addContainer('main', {
    ...container(props, repositoryImage('worker-container', Platform.LINUX_AMD64)),
    gpuCount: 1,
  });
  acknowledge(definition, { 'AwsSolutions-ECS2': PLAIN_ENVIRONMENT });
};
