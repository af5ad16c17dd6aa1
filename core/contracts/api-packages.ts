/**
 * The JSON shapes of what is installed from packages: services with their jobs, and workers. Durations are in
 * seconds, memory in MiB.
 */
import { z } from 'zod';
import { named, pageOf } from './api.ts';
import { JobDefinition, type ServiceItem } from './configuration.ts';
import { isoTime } from './day.ts';
import type { RunnerLease } from './items.ts';
import { Isolation, StableEvent } from './vocabulary.ts';
import {
  DockerSettings,
  WorkerType,
  type WorkerEnvironment,
  type WorkerItem,
} from './worker-item.ts';

/** Those of JobDefinition that the original does not know; absent where the package does not have them. */
const { keepWarm, priority, retry, gpu, cpu, memoryMiB, v1 } = JobDefinition.shape;
const JOB_EXTENSIONS = { keepWarm, priority, retry, gpu, cpu, memoryMiB, v1 };

export const Service = named(
  'Service',
  z.object({
    name: z.string(),
    version: z.string(),
    summary: z.string(),
    hash: z.string(),
    registryFunction: z.string(),
    disabled: z.boolean(),
    installedAt: z.iso.datetime({ precision: 3 }),
    updatedAt: z.iso.datetime({ precision: 3 }),
    jobs: z.array(
      z.object({
        jobName: z.string(),
        workerEntry: z.string(),
        registryEntry: z.string(),
        events: z.array(StableEvent),
        dependsOn: z.array(z.string()),
        sortPosition: z.number(),
        worker: z.string().nullable(),
        timeout: z.int().describe('seconds'),
        params: z.record(z.string(), z.unknown()),
        disabled: z.boolean(),
        onError: z.enum(['fail', 'continue']),
        description: z.string(),
        ...JOB_EXTENSIONS,
      }),
    ),
  }),
);
export type Service = z.infer<typeof Service>;
export const ServicePage = pageOf('ServicePage', Service);

export const toService = (item: ServiceItem): Service => ({
  name: item.name,
  version: item.version,
  summary: item.summary,
  hash: item.hash,
  registryFunction: item.registryFunction,
  disabled: item.disabled,
  installedAt: isoTime(item.installedAt),
  updatedAt: isoTime(item.updatedAt),
  jobs: item.jobs.map(({ timeoutSeconds, ...job }) => ({ ...job, timeout: timeoutSeconds })),
});

/** Where to put a package's archive (one PUT of a zip), and under which id to install it then. */
export const Upload = named(
  'Upload',
  z.object({ uploadId: z.string(), url: z.string(), expiresAt: z.iso.datetime({ precision: 3 }) }),
);
export type Upload = z.infer<typeof Upload>;

export const InstallRequest = named(
  'InstallRequest',
  z.strictObject({ uploadId: z.string(), force: z.boolean().optional() }),
);

/** `service set`: one parameter of one job, or of every job that the service has. */
export const ParameterChange = named(
  'ParameterChange',
  z.strictObject({
    job: z.string().optional(),
    key: z.string().describe('dotted keys make nested objects'),
    value: z.unknown(),
  }),
);

/** `service disable` and `enable`: of one job, or of the whole service. */
export const JobChoice = named('JobChoice', z.strictObject({ job: z.string().optional() }));

/** `version`, `hash` and what follows are null or absent for the worker that every installation has. */
export const Worker = named(
  'Worker',
  z.object({
    name: z.string(),
    type: WorkerType,
    version: z.string().nullable(),
    summary: z.string(),
    hash: z.string().nullable(),
    slots: z.int(),
    maxRunners: z.int(),
    lingerSeconds: z.int().nullable().describe('null: as long as those of the default worker'),
    gpu: z.int(),
    cpu: z.number().nullable().describe('null: as many as runners of the default worker'),
    memoryMiB: z.int().nullable().describe('null: as much as runners of the default worker'),
    pythonVersion: z.string().nullable(),
    docker: DockerSettings.nullable(),
    installedAt: z.iso.datetime({ precision: 3 }).nullable(),
    updatedAt: z.iso.datetime({ precision: 3 }).nullable(),
  }),
);
export type Worker = z.infer<typeof Worker>;
export const WorkerPage = pageOf('WorkerPage', Worker);
export const toWorker = (item: WorkerItem): Worker => ({
  name: item.name,
  type: item.type,
  version: item.version ?? null,
  summary: item.summary ?? '',
  hash: item.hash ?? null,
  slots: item.slots,
  maxRunners: item.maxRunners,
  lingerSeconds: item.lingerSeconds ?? null,
  gpu: item.gpu ?? 0,
  cpu: item.cpu ?? null,
  memoryMiB: item.memoryMiB ?? null,
  pythonVersion: item.pythonVersion ?? null,
  docker: item.docker ?? null,
  installedAt: item.installedAt === undefined ? null : isoTime(item.installedAt),
  updatedAt: item.updatedAt === undefined ? null : isoTime(item.updatedAt),
});

/** `installed`: no job has needed its environment yet. On AWS, a docker worker's is its image. */
export const WorkerDetail = named(
  'WorkerDetail',
  z.object({
    ...Worker.shape,
    state: z.enum(['installed', 'building', 'ready', 'failing']),
    /** The last try to make the environment of this version. */
    environment: z
      .object({
        at: z.iso.datetime({ precision: 3 }),
        python: z.string().nullable().describe('the version that it has'),
        note: z.string().nullable(),
        error: z.string().nullable().describe('the end of what pip said, or docker'),
      })
      .nullable(),
    runners: z.array(
      z.object({
        id: z.string(),
        leaseUntil: z.iso.datetime({ precision: 3 }),
        isolation: Isolation.nullable().describe('of its callbacks; null: it has not started yet'),
      }),
    ),
    /** Jobs that wait in its queues, and jobs that runners have taken. */
    waiting: z.int(),
    running: z.int(),
    /** Services that require it, or have a job that names it. */
    services: z.array(z.string()),
  }),
);
export type WorkerDetail = z.infer<typeof WorkerDetail>;

const STATE_OF_ENVIRONMENT = { BUILDING: 'building', READY: 'ready', FAILED: 'failing' } as const;

export const toWorkerDetail = (
  item: WorkerItem,
  environment: WorkerEnvironment | undefined,
  facts: {
    readonly leases: readonly RunnerLease[];
    readonly waiting: number;
    readonly running: number;
    readonly services: readonly string[];
  },
): WorkerDetail => ({
  ...toWorker(item),
  // The platform's own Python is a part of the installation.
  state:
    item.type === 'default'
      ? 'ready'
      : environment === undefined
        ? 'installed'
        : STATE_OF_ENVIRONMENT[environment.state],
  environment:
    environment === undefined
      ? null
      : {
          at: isoTime(environment.at),
          python: environment.python ?? null,
          note: environment.note ?? null,
          error: environment.error ?? null,
        },
  runners: facts.leases.map(({ runnerId, leaseUntil, isolation }) => ({
    id: runnerId,
    leaseUntil: isoTime(leaseUntil),
    isolation: isolation ?? null,
  })),
  waiting: facts.waiting,
  running: facts.running,
  services: [...facts.services],
});

export const WorkerInstallation = named(
  'WorkerInstallation',
  z.object({
    outcome: z.enum(['installed', 'replaced', 'unchanged']),
    worker: Worker,
    notes: z.array(z.string()),
  }),
);
export type WorkerInstallation = z.infer<typeof WorkerInstallation>;

export const Installation = named(
  'Installation',
  z.object({
    outcome: z.enum(['installed', 'replaced', 'unchanged']),
    service: Service,
    notes: z.array(z.string()),
    /** The worker that came with the package. */
    worker: WorkerInstallation.optional(),
  }),
);
export type Installation = z.infer<typeof Installation>;
