/** What a runner is told by its environment. */
import { z } from 'zod';
import { ENV } from '../core/contracts/names.ts';

const Environment = z.object({
  [ENV.table]: z.string().min(1),
  [ENV.bucket]: z.string().min(1),
  [ENV.worker]: z.string().min(1),
  [ENV.runnerId]: z.string().min(1),
  [ENV.workQueueUrlPrefix]: z.string().min(1),
  [ENV.advanceQueueUrl]: z.string().min(1),
  [ENV.runnerSlots]: z.coerce.number().int().min(1),
  [ENV.runnerLingerSeconds]: z.coerce.number().min(0),
  [ENV.workDirectory]: z.string().min(1),
  [ENV.python]: z.string().min(1),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

export interface RunnerSettings {
  readonly table: string;
  readonly bucket: string;
  readonly worker: string;
  readonly runnerId: string;
  readonly workQueueUrlPrefix: string;
  readonly advanceQueueUrl: string;
  /** Jobs at a time. */
  readonly slots: number;
  readonly lingerMs: number;
  readonly workDirectory: string;
  /** The worker's Python, by its path. */
  readonly python: string;
  readonly path: string;
}

/** The environment does not say what a runner has to know; the message has all problems. */
export class SettingsInvalid extends Error {
  override readonly name = 'SettingsInvalid';
}

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
    workDirectory: data[ENV.workDirectory],
    python: data[ENV.python],
    path: data.PATH,
  };
};
