/**
 * The JSON shapes of what is installed from packages: services with their jobs, and workers. Durations are in
 * seconds, memory in MiB.
 */
import { z } from 'zod';
import { named, pageOf } from './api.ts';
import { isoTime } from './api-conversion.ts';
import { JobDefinition, type ServiceItem, type WorkerItem } from './configuration.ts';
import { StableEvent } from './vocabulary.ts';

/** Those of JobDefinition that the original does not know; absent where the package does not have them. */
const { keepWarm, priority, retry, gpu, cpu, memoryMiB } = JobDefinition.shape;
const JOB_EXTENSIONS = { keepWarm, priority, retry, gpu, cpu, memoryMiB };

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

export const Installation = named(
  'Installation',
  z.object({
    outcome: z.enum(['installed', 'replaced', 'unchanged']),
    service: Service,
    notes: z.array(z.string()),
  }),
);
export type Installation = z.infer<typeof Installation>;

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

export const Worker = named(
  'Worker',
  z.object({ name: z.string(), type: z.string(), slots: z.int(), maxRunners: z.int() }),
);
export type Worker = z.infer<typeof Worker>;
export const WorkerPage = pageOf('WorkerPage', Worker);
export const toWorker = ({ name, type, slots, maxRunners }: WorkerItem): Worker => ({
  name,
  type,
  slots,
  maxRunners,
});
