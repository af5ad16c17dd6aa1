/**
 * What a callback is called with and what its process sees of its surroundings: the keyword arguments and the
 * nine variables that packages of dcm-processor know, and the address of the job endpoint. Nothing of the
 * platform's own environment, above all no credentials.
 */
import { delimiter, dirname } from 'node:path';
import { DEFAULT_WORKER } from '../../core/contracts/names.ts';
import type { JobItem, SessionObject } from '../../core/contracts/items.ts';
import type { WorkerType } from '../../core/contracts/worker-item.ts';
import { documentId } from '../../core/contracts/keys.ts';
import { DATABASE, serviceVariables } from '../../core/contracts/service-variables.ts';

/** A job that a service defined, with all that such a job has. */
export interface ServiceJob {
  readonly job: JobItem;
  readonly service: string;
  readonly serviceHash: string;
  readonly workerEntry: string;
  readonly event: string;
  readonly objectId: string;
  readonly timeoutSeconds: number;
  /** Keyword arguments beyond those of every callback. */
  readonly extraArguments?: Readonly<Record<string, unknown>>;
}

/** Undefined for a node of the platform, which no runner is ever sent. */
export const serviceJob = (job: JobItem): ServiceJob | undefined => {
  const { service, serviceHash, workerEntry, event, objectId, timeoutSeconds } = job;
  return service === undefined ||
    serviceHash === undefined ||
    workerEntry === undefined ||
    event === undefined ||
    objectId === undefined ||
    timeoutSeconds === undefined
    ? undefined
    : { job, service, serviceHash, workerEntry, event, objectId, timeoutSeconds };
};

/** The content of `job.json`. */
export const jobDocument = (
  { job, service, workerEntry, event, extraArguments }: ServiceJob,
  object: SessionObject,
  workerType: WorkerType,
): { entry: string; kwargs: Record<string, unknown> } => {
  const isDefault = job.worker === undefined || job.worker === DEFAULT_WORKER;
  return {
    entry: workerEntry,
    kwargs: {
      session_id: job.sessionId,
      job_name: job.name,
      headers: object.v1?.jobs.includes(job.name) === true ? object.v1.headers : object.headers,
      params: object.params[job.name] ?? {},
      added_params: object.addedParams,
      event,
      job_id: job.id,
      service_id: documentId('service', service),
      // dcm-processor knows no document of its default worker.
      worker_id: isDefault ? null : documentId('worker', job.worker ?? ''),
      worker_type: isDefault ? null : workerType,
      db_provider: DATABASE.provider,
      db_name: DATABASE.name,
      db_url: DATABASE.url,
      ...extraArguments,
    },
  };
};

/** The whole environment of a callback's process. */
export const callbackEnvironment = (
  { job }: ServiceJob,
  options: {
    object: SessionObject;
    python: string;
    path: string;
    home: string;
    temporary: string;
    socket: string;
    token: string;
  },
): Record<string, string> => {
  return {
    PATH: [dirname(options.python), options.path].join(delimiter),
    HOME: options.home,
    TMPDIR: options.temporary,
    LANG: 'C.UTF-8',
    GANTRY_JOB_SOCKET: options.socket,
    GANTRY_JOB_TOKEN: options.token,
    GANTRY_RUNNER_PID: String(process.pid),
    ...serviceVariables(job, options.object.headers),
  };
};
