/** The listener's settings from its environment, checked as a whole: every problem is named at once. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_DEPLOYMENT, ENV } from '../core/contracts/names.ts';
import type { TlsFiles } from './tls/tls-source.ts';

const port = z.coerce.number().int().min(0).max(65535);
const text = z.string().min(1);

const Environment = z.object({
  [ENV.deployment]: text.default(DEFAULT_DEPLOYMENT),
  [ENV.table]: text,
  [ENV.bucket]: text,
  [ENV.stabilityChecksQueueUrl]: text,
  [ENV.processorsQueueUrl]: text,
  /** All addresses: in a container the network decides who gets here. */
  [ENV.dimseHost]: text.default('0.0.0.0'),
  [ENV.dimsePort]: port.default(11112),
  /** DICOM's registered port for TLS; open only with a certificate. */
  [ENV.dimseTlsPort]: port.default(2762),
  [ENV.tlsCertificate]: text.optional(),
  [ENV.tlsKey]: text.optional(),
  [ENV.tlsCa]: text.optional(),
  [ENV.tlsSecretArn]: text.optional(),
  [ENV.tlsRequireClientCertificates]: z.stringbool().default(false),
  [ENV.tlsReloadSeconds]: z.coerce.number().min(1).max(86_400).optional(),
  /** Without it: that of DICOM. */
  [ENV.healthHost]: text.optional(),
  [ENV.healthPort]: port.default(8080),
  [ENV.ecsAgentUri]: z.url().optional(),
  [ENV.maximumAssociations]: z.coerce.number().int().min(1).max(4096).default(64),
  [ENV.spoolDirectory]: text.default(() => join(tmpdir(), 'gantry-spool')),
  [ENV.spoolReserve]: z.coerce.number().int().min(0).default(0),
  [ENV.runnerSlots]: z.coerce.number().int().min(1).default(2),
  [ENV.maxRunners]: z.coerce.number().int().min(1).default(4),
});

export interface TlsSettings {
  readonly port: number;
  /** PEM files, or the ARN of a secret. */
  readonly from: { readonly files: TlsFiles } | { readonly secretArn: string };
  readonly requireClientCertificates: boolean;
  /** Undefined: as often as is usual for files, or for a secret. */
  readonly reloadMs: number | undefined;
}

export interface ListenerSettings {
  /** The deployment's name: of metrics and audit messages. */
  readonly deployment: string;
  readonly table: string;
  readonly bucket: string;
  readonly stabilityChecksQueueUrl: string;
  readonly processorsQueueUrl: string;
  readonly dimseHost: string;
  readonly dimsePort: number;
  /** Undefined: TLS is off. */
  readonly tls: TlsSettings | undefined;
  readonly healthHost: string;
  readonly healthPort: number;
  readonly maximumAssociations: number;
  /** Of ECS, which is asked not to stop a task with associations; undefined elsewhere. */
  readonly ecsAgentUri: string | undefined;
  readonly spoolDirectory: string;
  /** Bytes that have to stay free on its disk; 0: none. */
  readonly spoolReserveBytes: number;
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

const tlsSettings = (data: z.infer<typeof Environment>): TlsSettings | undefined => {
  const { [ENV.tlsCertificate]: certificate, [ENV.tlsKey]: key, [ENV.tlsCa]: ca } = data;
  const { [ENV.tlsSecretArn]: secretArn, [ENV.tlsReloadSeconds]: reloadSeconds } = data;
  const common = {
    port: data[ENV.dimseTlsPort],
    requireClientCertificates: data[ENV.tlsRequireClientCertificates],
    reloadMs: reloadSeconds === undefined ? undefined : 1000 * reloadSeconds,
  };
  const withFiles = [certificate, key, ca].some((path) => path !== undefined);
  if (secretArn !== undefined) {
    if (!withFiles) return { ...common, from: { secretArn } };
    throw new BadEnvironment([
      `TLS has its certificate from ${ENV.tlsSecretArn} or from files, not from both`,
    ]);
  }
  if (!withFiles) return undefined;
  if (certificate !== undefined && key !== undefined) {
    return { ...common, from: { files: { certificate, key, ca } } };
  }
  throw new BadEnvironment([
    `TLS needs both ${ENV.tlsCertificate} and ${ENV.tlsKey}, and without any of its files is off`,
  ]);
};

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
    deployment: data[ENV.deployment],
    table: data[ENV.table],
    bucket: data[ENV.bucket],
    stabilityChecksQueueUrl: data[ENV.stabilityChecksQueueUrl],
    processorsQueueUrl: data[ENV.processorsQueueUrl],
    dimseHost: data[ENV.dimseHost],
    dimsePort: data[ENV.dimsePort],
    tls: tlsSettings(data),
    healthHost: data[ENV.healthHost] ?? data[ENV.dimseHost],
    healthPort: data[ENV.healthPort],
    maximumAssociations: data[ENV.maximumAssociations],
    ecsAgentUri: data[ENV.ecsAgentUri],
    spoolDirectory: data[ENV.spoolDirectory],
    spoolReserveBytes: data[ENV.spoolReserve],
    defaultWorker: { slots: data[ENV.runnerSlots], maxRunners: data[ENV.maxRunners] },
  };
};
