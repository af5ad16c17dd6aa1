/** Where work is done: the cluster, the queues of the worker that always exists, and its runners' task. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { IProject } from 'aws-cdk-lib/aws-codebuild';
import { CfnCluster, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { DEFAULT_WORKER, resourceNames } from '../../core/contracts/names.ts';
import { acknowledge } from '../constructs/acknowledge.ts';
import { dockerTasks, type DockerTasks } from '../constructs/docker-tasks.ts';
import { programLogs } from '../constructs/logging.ts';
import { gpuRunnerTask, runnerTask } from '../constructs/runner-task.ts';
import { workQueues, type WorkQueues } from '../constructs/work-queues.ts';
import { workerImages } from '../constructs/worker-images.ts';
import type { DataStack } from './data-stack.ts';
import type { SiteStackProps } from './site-stack.ts';

export interface WorkersStackProps extends SiteStackProps {
  readonly data: DataStack;
}

export class WorkersStack extends Stack {
  readonly clusterName: string;
  readonly work: WorkQueues;
  readonly defaultRunner: FargateTaskDefinition;
  readonly dockerTasks: DockerTasks;
  /** Makes images of docker workers; undefined in the embedded cloud. */
  readonly imageProject: IProject | undefined;

  constructor(scope: Construct, id: string, props: WorkersStackProps) {
    super(scope, id, props);
    const { config, data } = props;
    this.clusterName = resourceNames(config.deployment).cluster;
    // The L2 cluster wants a VPC; tasks say where they run, so this one needs none.
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterName: this.clusterName,
      ...(data.key === undefined
        ? {}
        : {
            clusterSettings: [
              {
                name: 'containerInsights',
                value: config.containerInsights ? 'enabled' : 'disabled',
              },
            ],
            // Spools and staged images are on the disks of tasks.
            configuration: {
              managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId: data.key.keyArn },
            },
          }),
    });
    acknowledge(cluster, {
      'AwsSolutions-ECS4':
        'Tasks report metrics of their own; Container Insights would double the cost of a small site at rest. The profile "isolated" has it.',
    });
    this.work = workQueues(this, DEFAULT_WORKER, config);
    const logs = programLogs(this, 'DefaultRunnerLogs', config, `runner-${DEFAULT_WORKER}`);
    const runner = { config, worker: DEFAULT_WORKER, data, work: this.work, logs };
    this.defaultRunner = runnerTask(this, 'DefaultRunner', runner);
    const { kind } = config.gpu;
    if (config.profile !== 'embedded' && kind !== 'none') {
      gpuRunnerTask(this, 'GpuRunner', { ...runner, kind, like: this.defaultRunner });
    }
    this.dockerTasks = dockerTasks(this, config);
    this.imageProject =
      config.profile === 'embedded' ? undefined : workerImages(this, { config, data });
    new CfnOutput(this, 'ClusterName', { value: this.clusterName });
    new CfnOutput(this, 'RunnerSlots', { value: String(config.runners.slots) });
    new CfnOutput(this, 'MaxRunners', { value: String(config.runners.maxRunners) });
    new CfnOutput(this, 'WorkQueueUrlPrefix', { value: this.work.urlPrefix });
  }
}
