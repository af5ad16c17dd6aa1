/**
 * The task definition of a docker worker's version: `fetch` → the user's image, with `report` beside it. Pure: the
 * shape is that of ECS's RegisterTaskDefinition.
 *
 * The task has no role: every container of a task can reach its task's credentials, so there are none. The user's
 * container has no secret, no capability and no right to gain any.
 */
import {
  mountsOf,
  NETWORK_MODE_LABEL,
  TASK_CONTAINERS,
  TASK_VOLUMES,
  volumePath,
  type TaskVolume,
} from '../contracts/docker-task.ts';
import { ENV } from '../contracts/names.ts';
import { GPU_COMPATIBILITY, type GpuPoolKind } from '../contracts/gpu-capacity.ts';
import type { DockerSettings, WorkerItem } from '../contracts/worker-item.ts';
import { fargateSize, gpusOf, wantedSize } from './task-size.ts';

/** Not root, and nobody's account: what the original gives is the platform's own user, also never root's. */
const USER = '1000:1000';

interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
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
  readonly dockerLabels?: Readonly<Record<string, string>>;
  readonly stopTimeout?: number;
  readonly logConfiguration?: {
    readonly logDriver: 'awslogs';
    readonly options: Readonly<Record<string, string>>;
  };
}

export interface TaskDefinition {
  readonly family: string;
  readonly networkMode: 'awsvpc';
  readonly requiresCompatibilities: readonly ('FARGATE' | 'MANAGED_INSTANCES' | 'EC2')[];
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
  /** What comes before `fetch` or `report` in their commands, where the image is not that program's alone. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** CPU units and MiB of a task whose worker asks for nothing. */
  readonly cpu: number;
  readonly memoryMiB: number;
  /** Where tasks with GPUs run, and their size; without it, where the others do. */
  readonly gpu?: {
    readonly kind: GpuPoolKind;
    readonly cpu: number;
    readonly memoryMiB: number;
  };
  readonly onAws?: {
    readonly executionRoleArn: string;
    readonly logGroup: string;
    readonly region: string;
  };
}

const environmentOf = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

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
  const pool = gpus > 0 ? site.gpu : undefined;
  const wanted = wantedSize(worker, pool ?? site);
  const size = pool === undefined ? fargateSize(wanted.cpu, wanted.memoryMiB) : wanted;
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
    command: [...site.program, name],
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
      // Fargate has no such setting.
      ...((pool !== undefined || site.onAws === undefined) && docker.shmSizeMiB !== undefined
        ? { sharedMemorySize: docker.shmSizeMiB }
        : {}),
    },
    ...(site.onAws === undefined && docker.networkMode !== undefined
      ? { dockerLabels: { [NETWORK_MODE_LABEL]: docker.networkMode } }
      : {}),
    ...logs(),
  };
  return {
    family: site.family,
    networkMode: 'awsvpc',
    requiresCompatibilities: [pool === undefined ? 'FARGATE' : GPU_COMPATIBILITY[pool.kind]],
    cpu: String(size.cpu),
    memory: String(size.memoryMiB),
    ...(site.onAws === undefined
      ? {}
      : {
          executionRoleArn: site.onAws.executionRoleArn,
          // Machines of an Auto Scaling group are what the group has.
          ...(pool?.kind === 'auto-scaling-group'
            ? {}
            : {
                runtimePlatform: {
                  cpuArchitecture: 'X86_64' as const,
                  operatingSystemFamily: 'LINUX' as const,
                },
              }),
        }),
    volumes: TASK_VOLUMES.map((name) => ({ name })),
    containerDefinitions: [platform('fetch'), user, platform('report')],
  };
};
