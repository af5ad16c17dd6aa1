/**
 * The task definition of a docker worker's version: `fetch` → the user's image, with `report` beside it. Pure: the
 * shape is that of ECS's RegisterTaskDefinition.
 *
 * The task has no role: every container of a task can reach its task's credentials, so there are none. The user's
 * container has no secret, no capability and no right to gain any.
 */
import {
  mountsOf,
  TASK_CONTAINERS,
  TASK_VOLUMES,
  volumePath,
  type TaskVolume,
} from '../contracts/docker-task.ts';
import { ENV } from '../contracts/names.ts';
import type { DockerSettings, WorkerItem } from '../contracts/worker-item.ts';

/** Not root, and nobody's account: what the original gives is the platform's own user, also never root's. */
const USER = '1000:1000';

interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly entryPoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly mountPoints: readonly {
    readonly sourceVolume: string;
    readonly containerPath: string;
  }[];
  readonly dependsOn?: readonly { readonly containerName: string; readonly condition: 'SUCCESS' }[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly resourceRequirements?: readonly { readonly type: 'GPU'; readonly value: string }[];
  readonly linuxParameters?: {
    readonly capabilities: { readonly drop: readonly string[] };
    readonly sharedMemorySize?: number;
  };
  readonly stopTimeout?: number;
  readonly logConfiguration?: {
    readonly logDriver: 'awslogs';
    readonly options: Readonly<Record<string, string>>;
  };
}

export interface TaskDefinition {
  readonly family: string;
  readonly networkMode: 'awsvpc';
  readonly requiresCompatibilities: readonly ('FARGATE' | 'MANAGED_INSTANCES')[];
  readonly cpu: string;
  readonly memory: string;
  readonly executionRoleArn?: string;
  readonly volumes: readonly { readonly name: string }[];
  readonly containerDefinitions: readonly ContainerDefinition[];
  readonly runtimePlatform?: {
    readonly cpuArchitecture: 'X86_64';
    readonly operatingSystemFamily: 'LINUX';
  };
}

export interface TaskSite {
  readonly family: string;
  /** Of `fetch` and `report`. */
  readonly platformImage: string;
  readonly entryPoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** CPU units and MiB of a task whose worker asks for nothing. */
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly onAws?: {
    readonly executionRoleArn: string;
    readonly logGroup: string;
    readonly region: string;
  };
}

/** How many GPUs a worker asks for; "all" is one, for ECS gives GPUs by number. */
export const gpusOf = ({ gpu, docker }: Pick<WorkerItem, 'gpu' | 'docker'>): number => {
  if (gpu !== undefined) return gpu;
  const requests = docker?.deviceRequests ?? [];
  return requests.reduce(
    (sum, { count, device_ids: ids }) => sum + (ids?.length ?? Math.max(1, count ?? 1)),
    0,
  );
};

const environmentOf = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

const FARGATE_UNITS = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;
const MAX_MEMORY: Readonly<Record<number, number>> = {
  256: 2048,
  512: 4096,
  1024: 8192,
  2048: 16_384,
  4096: 30_720,
  8192: 61_440,
  16384: 122_880,
};

/** The smallest that Fargate has with at least so much of both. */
export const fargateSize = (cpu: number, memoryMiB: number): { cpu: number; memoryMiB: number } => {
  const units =
    FARGATE_UNITS.find((one) => one >= cpu && (MAX_MEMORY[one] ?? 0) >= memoryMiB) ?? 16_384;
  const step = units >= 16_384 ? 8192 : units >= 8192 ? 4096 : 1024;
  const least = units >= 16_384 ? 32_768 : units >= 8192 ? 16_384 : units * 2;
  return { cpu: units, memoryMiB: Math.max(least, Math.ceil(memoryMiB / step) * step) };
};

const SHARED: readonly Exclude<TaskVolume, 'private'>[] = ['module', 'data', 'session'];

/** `image` is what is run: by digest, where that is known. */
export const dockerTaskDefinition = (
  worker: WorkerItem & { readonly docker: DockerSettings },
  image: string,
  site: TaskSite,
): TaskDefinition => {
  const { docker } = worker;
  const gpus = gpusOf(worker);
  const mounts = mountsOf(docker);
  const wanted = {
    cpu: worker.cpu === undefined ? site.cpu : Math.ceil(worker.cpu * 1024),
    memoryMiB: worker.memoryMiB ?? site.memoryMiB,
  };
  const size = gpus > 0 ? wanted : fargateSize(wanted.cpu, wanted.memoryMiB);
  const logs = (): Pick<ContainerDefinition, 'logConfiguration'> =>
    site.onAws === undefined
      ? {}
      : {
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': site.onAws.logGroup,
              'awslogs-region': site.onAws.region,
              'awslogs-stream-prefix': site.family,
            },
          },
        };
  const platform = (name: 'fetch' | 'report'): ContainerDefinition => ({
    name,
    image: site.platformImage,
    essential: name === 'report',
    ...(site.entryPoint === undefined ? {} : { entryPoint: site.entryPoint }),
    command: [name],
    environment: environmentOf({
      ...site.environment,
      [ENV.worker]: worker.name,
      [ENV.workerHash]: worker.hash ?? '',
      [ENV.privateVolume]: volumePath('private'),
      [ENV.moduleVolume]: volumePath('module'),
      [ENV.dataVolume]: volumePath('data'),
      [ENV.sessionVolume]: volumePath('session'),
    }),
    mountPoints: TASK_VOLUMES.map((volume) => ({
      sourceVolume: volume,
      containerPath: volumePath(volume),
    })),
    ...(name === 'report'
      ? { dependsOn: [{ containerName: TASK_CONTAINERS.fetch, condition: 'SUCCESS' }] }
      : {}),
    stopTimeout: 120,
    ...logs(),
  });
  const user: ContainerDefinition = {
    name: TASK_CONTAINERS.user,
    image,
    essential: false,
    command: docker.command ?? ['python', `${mounts.module}/main.py`],
    environment: environmentOf({ PYTHONPATH: mounts.module, PYTHONUNBUFFERED: '1' }),
    mountPoints: SHARED.map((volume) => ({ sourceVolume: volume, containerPath: mounts[volume] })),
    dependsOn: [{ containerName: TASK_CONTAINERS.fetch, condition: 'SUCCESS' }],
    user: USER,
    workingDirectory: mounts.module,
    ...(gpus > 0 ? { resourceRequirements: [{ type: 'GPU', value: String(gpus) }] } : {}),
    linuxParameters: {
      capabilities: { drop: ['ALL'] },
      // Fargate has no such setting: there a process has as much as its task.
      ...(gpus > 0 && docker.shmSizeMiB !== undefined
        ? { sharedMemorySize: docker.shmSizeMiB }
        : {}),
    },
    ...logs(),
  };
  return {
    family: site.family,
    networkMode: 'awsvpc',
    requiresCompatibilities: [gpus > 0 ? 'MANAGED_INSTANCES' : 'FARGATE'],
    cpu: String(size.cpu),
    memory: String(size.memoryMiB),
    ...(site.onAws === undefined
      ? {}
      : {
          executionRoleArn: site.onAws.executionRoleArn,
          runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
        }),
    volumes: TASK_VOLUMES.map((name) => ({ name })),
    containerDefinitions: [platform('fetch'), user, platform('report')],
  };
};
