/** What `fetch` and `report` are told by their environment. */
import { totalmem } from 'node:os';
import { z } from 'zod';
import { parseJobId } from '../../core/contracts/keys.ts';
import { ENV } from '../../core/contracts/names.ts';
import {
  ISOLATION_VARIABLES,
  isolationSettings,
  networkSettings,
  type IsolationSettings,
} from '../settings.ts';
import type { TaskJob } from './task.ts';
import type { TaskFolders } from './volumes.ts';

const METADATA_URI = 'ECS_CONTAINER_METADATA_URI_V4';

const text = z.string().min(1);
const Environment = z.object({
  [ENV.table]: text,
  [ENV.bucket]: text,
  [ENV.worker]: text,
  [ENV.workerHash]: text,
  [ENV.workDirectory]: text,
  [ENV.python]: text,
  [ENV.privateVolume]: text,
  [ENV.moduleVolume]: text,
  [ENV.dataVolume]: text,
  [ENV.sessionVolume]: text,
  [ENV.tasksQueueUrl]: text,
  [METADATA_URI]: text,
  ...ISOLATION_VARIABLES,
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

/** Told to `fetch` alone; `report` reads it in the private volume. */
const JobEnvironment = z.object({
  [ENV.jobId]: text,
  [ENV.jobRun]: z.coerce.number().int().min(1),
  [ENV.taskToken]: text,
});

export interface TaskSettings extends IsolationSettings {
  readonly table: string;
  readonly bucket: string;
  readonly worker: string;
  readonly workerHash: string;
  readonly folders: TaskFolders;
  readonly workDirectory: string;
  readonly python: string;
  readonly path: string;
  /** How pip and uv reach what they install: proxies, indexes, certificates. */
  readonly networkSettings: Readonly<Record<string, string>>;
  /** Of one pre or post script. */
  readonly scriptMemoryBytes: number;
  readonly metadataUri: string;
  /** Where new credentials are asked for. */
  readonly tasksQueueUrl: string;
}

/** The environment does not say what the program has to know; the message has all problems. */
export class TaskSettingsInvalid extends Error {
  override readonly name = 'TaskSettingsInvalid';
}

/** Throws {@link TaskSettingsInvalid}. */
export const readTaskSettings = (environment: NodeJS.ProcessEnv): TaskSettings => {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) throw new TaskSettingsInvalid(z.prettifyError(parsed.error));
  const { data } = parsed;
  const constrained = process.constrainedMemory();
  return {
    table: data[ENV.table],
    bucket: data[ENV.bucket],
    worker: data[ENV.worker],
    workerHash: data[ENV.workerHash],
    folders: {
      private: data[ENV.privateVolume],
      module: data[ENV.moduleVolume],
      data: data[ENV.dataVolume],
      session: data[ENV.sessionVolume],
    },
    workDirectory: data[ENV.workDirectory],
    python: data[ENV.python],
    path: data.PATH,
    networkSettings: networkSettings(environment),
    ...isolationSettings(data),
    scriptMemoryBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
    metadataUri: data[METADATA_URI],
    tasksQueueUrl: data[ENV.tasksQueueUrl],
  };
};

/** The job that `fetch` was started for. Throws {@link TaskSettingsInvalid}. */
export const readTaskJob = (environment: NodeJS.ProcessEnv): TaskJob => {
  const parsed = JobEnvironment.safeParse(environment);
  if (!parsed.success) throw new TaskSettingsInvalid(z.prettifyError(parsed.error));
  const ids = parseJobId(parsed.data[ENV.jobId]);
  if (ids === undefined) throw new TaskSettingsInvalid(`${ENV.jobId} is no id of a job`);
  return { ...ids, run: parsed.data[ENV.jobRun], token: parsed.data[ENV.taskToken] };
};
