/** What a runner is told by its environment. */
import { totalmem } from 'node:os';
import { delimiter } from 'node:path';
import { z } from 'zod';
import { ENV } from '../core/contracts/names.ts';
import { PRIORITIES, Priority } from '../core/contracts/vocabulary.ts';

/** Of all programs that call callbacks. */
export const ISOLATION_VARIABLES = {
  [ENV.isolation]: z.enum(['required', 'if-possible']).default('if-possible'),
  [ENV.sandbox]: z.enum(['if-possible', 'never']).default('if-possible'),
  [ENV.sandboxFolders]: z
    .string()
    .default('')
    .transform((text) => text.split(delimiter).filter((folder) => folder !== ''))
    .pipe(z.array(z.string().startsWith('/', 'a folder is named by its absolute path'))),
};

export interface IsolationSettings {
  /** No job is run under the runner's own user id. */
  readonly isolationRequired: boolean;
  /** What a sandbox shows beside the system, as it is; undefined: there is to be none. */
  readonly sandboxFolders: readonly string[] | undefined;
}

export const isolationSettings = (
  variables: z.infer<z.ZodObject<typeof ISOLATION_VARIABLES>>,
): IsolationSettings => ({
  isolationRequired: variables[ENV.isolation] === 'required',
  sandboxFolders: variables[ENV.sandbox] === 'never' ? undefined : variables[ENV.sandboxFolders],
});

const Environment = z.object({
  [ENV.table]: z.string().min(1),
  [ENV.bucket]: z.string().min(1),
  [ENV.worker]: z.string().min(1),
  [ENV.runnerId]: z.string().min(1),
  [ENV.workQueueUrlPrefix]: z.string().min(1),
  [ENV.advanceQueueUrl]: z.string().min(1),
  [ENV.runnerSlots]: z.coerce.number().int().min(1),
  [ENV.runnerLingerSeconds]: z.coerce.number().min(0),
  [ENV.runnerPriorities]: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(Priority).min(1))
    .default([...PRIORITIES]),
  [ENV.workDirectory]: z.string().min(1),
  [ENV.python]: z.string().min(1),
  [ENV.jobMemoryMiB]: z.coerce.number().min(1).optional(),
  ...ISOLATION_VARIABLES,
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

export interface RunnerSettings extends IsolationSettings {
  readonly table: string;
  readonly bucket: string;
  readonly worker: string;
  readonly runnerId: string;
  readonly workQueueUrlPrefix: string;
  readonly advanceQueueUrl: string;
  /** Jobs at a time. */
  readonly slots: number;
  readonly lingerMs: number;
  /** Of the jobs that it takes. */
  readonly priorities: readonly Priority[];
  readonly workDirectory: string;
  /** The worker's Python, by its path. */
  readonly python: string;
  /** Of one job; three quarters of the container's memory unless told. */
  readonly jobMemoryBytes: number;
  readonly path: string;
  /** How pip and uv reach what they install: proxies, indexes, certificates. */
  readonly networkSettings: Readonly<Record<string, string>>;
}

const NETWORK_SETTING =
  /^(PIP_\w+|UV_\w+|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|(https?|no|all)_proxy)$/i;

const DEFAULT_MEMORY_SHARE = 0.75;

/** What the container may use, or the computer where no limit is set. */
const availableMemory = (): number => {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
};

/** The environment does not say what a runner has to know; the message has all problems. */
export class SettingsInvalid extends Error {
  override readonly name = 'SettingsInvalid';
}

const jobMemoryBytes = (mebibytes: number | undefined): number =>
  mebibytes === undefined
    ? Math.floor(availableMemory() * DEFAULT_MEMORY_SHARE)
    : mebibytes * 1024 ** 2;

export const networkSettings = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      NETWORK_SETTING.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );

export const readSettings = (environment: NodeJS.ProcessEnv): RunnerSettings => {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) throw new SettingsInvalid(z.prettifyError(parsed.error));
  const { data } = parsed;
  return {
    table: data[ENV.table],
    bucket: data[ENV.bucket],
    worker: data[ENV.worker],
    runnerId: data[ENV.runnerId],
    workQueueUrlPrefix: data[ENV.workQueueUrlPrefix],
    advanceQueueUrl: data[ENV.advanceQueueUrl],
    slots: data[ENV.runnerSlots],
    lingerMs: data[ENV.runnerLingerSeconds] * 1000,
    priorities: data[ENV.runnerPriorities],
    workDirectory: data[ENV.workDirectory],
    python: data[ENV.python],
    jobMemoryBytes: jobMemoryBytes(data[ENV.jobMemoryMiB]),
    ...isolationSettings(data),
    path: data.PATH,
    networkSettings: networkSettings(environment),
  };
};
