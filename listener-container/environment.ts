/** The listener's settings from its environment, checked as a whole: every problem is named at once. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ENV } from '../core/contracts/names.ts';

const port = z.coerce.number().int().min(0).max(65535);
const text = z.string().min(1);

const Environment = z.object({
  [ENV.table]: text,
  [ENV.bucket]: text,
  [ENV.stabilityChecksQueueUrl]: text,
  /** All addresses: in a container the network decides who gets here. */
  [ENV.dimseHost]: text.default('0.0.0.0'),
  [ENV.dimsePort]: port.default(11112),
  [ENV.healthPort]: port.default(8080),
  [ENV.maximumAssociations]: z.coerce.number().int().min(1).max(4096).default(64),
  [ENV.spoolDirectory]: text.default(() => join(tmpdir(), 'gantry-spool')),
  [ENV.runnerSlots]: z.coerce.number().int().min(1).default(2),
  [ENV.maxRunners]: z.coerce.number().int().min(1).default(4),
});

export interface ListenerSettings {
  readonly table: string;
  readonly bucket: string;
  readonly stabilityChecksQueueUrl: string;
  readonly dimseHost: string;
  readonly dimsePort: number;
  readonly healthPort: number;
  readonly maximumAssociations: number;
  readonly spoolDirectory: string;
  /** Of the default worker, if this is the installation's first start. */
  readonly defaultWorker: { readonly slots: number; readonly maxRunners: number };
}

/** The environment lacks something or has what cannot be; `problems` names each variable. */
export class BadEnvironment extends Error {
  override readonly name = 'BadEnvironment';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `the environment is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** Throws BadEnvironment. */
export const readSettings = (environment: NodeJS.ProcessEnv): ListenerSettings => {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    throw new BadEnvironment(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    );
  }
  const { data } = parsed;
  return {
    table: data[ENV.table],
    bucket: data[ENV.bucket],
    stabilityChecksQueueUrl: data[ENV.stabilityChecksQueueUrl],
    dimseHost: data[ENV.dimseHost],
    dimsePort: data[ENV.dimsePort],
    healthPort: data[ENV.healthPort],
    maximumAssociations: data[ENV.maximumAssociations],
    spoolDirectory: data[ENV.spoolDirectory],
    defaultWorker: { slots: data[ENV.runnerSlots], maxRunners: data[ENV.maxRunners] },
  };
};
