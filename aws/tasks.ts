/** ECS tasks as Tasks: runners are started by whoever dispatches work, and end by themselves. */
import {
  DescribeTasksCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  type ECSClient,
  type Failure,
  type KeyValuePair,
  type NetworkConfiguration,
  type RunTaskCommandInput,
  type Task,
  type TaskOverride,
} from '@aws-sdk/client-ecs';
import type { GpuCapacity } from '../core/contracts/gpu-capacity.ts';
import type { TaskCapacity, Tasks, TaskSize } from '../core/contracts/ports.ts';

/** ECS answered RunTask without a task: no capacity, a quota, an image that is not there. */
export class TaskNotStarted extends Error {
  override readonly name = 'TaskNotStarted';
}

export interface TaskPlacement {
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** Where tasks with GPUs run; a process that starts none needs not say it. */
  readonly gpu?: GpuCapacity;
}

const networkOf = ({ subnets, securityGroups }: TaskPlacement): NetworkConfiguration => ({
  awsvpcConfiguration: { subnets: [...subnets], securityGroups: [...securityGroups] },
});

const environmentOf = (environment: Readonly<Record<string, string>>): KeyValuePair[] =>
  Object.entries(environment).map(([name, value]) => ({ name, value }));

const arnOf = (
  what: string,
  answer: { tasks?: Task[] | undefined; failures?: Failure[] | undefined },
): string => {
  const arn = answer.tasks?.[0]?.taskArn;
  if (arn !== undefined) return arn;
  const why = answer.failures?.map((failure) => failure.reason ?? 'unknown').join('; ');
  throw new TaskNotStarted(`no ${what} task could be started: ${why ?? 'no reason given'}`);
};

type Launch = Pick<RunTaskCommandInput, 'launchType' | 'capacityProviderStrategy'>;

const launchOn = ({ gpu = { kind: 'none' } }: TaskPlacement, capacity: TaskCapacity): Launch => {
  if (capacity === 'fargate') return { launchType: 'FARGATE' };
  const pool =
    'onDemand' in gpu ? { gpu: gpu.onDemand, 'gpu-spot': gpu.spot }[capacity] : undefined;
  if (pool === undefined) throw new TaskNotStarted('this deployment has no GPU capacity');
  return { capacityProviderStrategy: [{ capacityProvider: pool, weight: 1 }] };
};

/** Sizes of a task as ECS writes them. */
const sizeOf = ({ cpu, memoryMiB }: TaskSize): Pick<TaskOverride, 'cpu' | 'memory'> => ({
  ...(cpu === undefined ? {} : { cpu: String(cpu) }),
  ...(memoryMiB === undefined ? {} : { memory: String(memoryMiB) }),
});

export const ecsTasks = (client: ECSClient, placement: TaskPlacement): Tasks => ({
  run: async ({ family, startedBy, environment, capacity, size, gpus }) => {
    const answer = await client.send(
      new RunTaskCommand({
        ...{ cluster: placement.cluster, taskDefinition: family },
        ...{ startedBy, clientToken: startedBy },
        ...launchOn(placement, capacity),
        networkConfiguration: networkOf(placement),
        overrides: {
          ...sizeOf(size),
          containerOverrides: [
            {
              name: 'main',
              environment: environmentOf(environment),
              ...(gpus > 0
                ? { resourceRequirements: [{ type: 'GPU' as const, value: String(gpus) }] }
                : {}),
            },
          ],
        },
      }),
    );
    return arnOf(family, answer);
  },
  runJob: async ({ taskDefinition, startedBy, environment, capacity }) => {
    const answer = await client.send(
      new RunTaskCommand({
        ...{ cluster: placement.cluster, taskDefinition },
        ...{ startedBy, clientToken: startedBy },
        ...launchOn(placement, capacity),
        networkConfiguration: networkOf(placement),
        overrides: {
          containerOverrides: Object.entries(environment).map(([name, values]) => ({
            name,
            environment: environmentOf(values),
          })),
        },
      }),
    );
    arnOf(taskDefinition, answer);
  },
  ofStarter: async (startedBy) => {
    const { cluster } = placement;
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      const { taskArns = [] } = await client.send(
        new ListTasksCommand({ cluster, startedBy, desiredStatus }),
      );
      if (taskArns.length === 0) continue;
      const { tasks = [] } = await client.send(
        new DescribeTasksCommand({ cluster, tasks: taskArns }),
      );
      if (tasks.some(({ lastStatus }) => lastStatus !== 'STOPPED')) return 'running';
      const [task] = tasks;
      if (task === undefined) continue;
      return {
        stopCode: task.stopCode,
        stoppedReason: task.stoppedReason,
        containers: (task.containers ?? []).map(({ name = '', exitCode, reason }) => ({
          ...{ name, exitCode, reason },
        })),
      };
    }
    return 'unknown';
  },
  stop: async (taskArn, reason) => {
    await client.send(new StopTaskCommand({ cluster: placement.cluster, task: taskArn, reason }));
  },
});
