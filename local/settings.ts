/** The ports and folders of one Gantry on this computer, from the environment; all problems at once. */
import { resolve } from 'node:path';
import { z } from 'zod';

export const REPOSITORY = new URL('..', import.meta.url).pathname.replace(/\/$/, '');

const port = (fallback: number) =>
  z.coerce
    .number('is not a number')
    .int('is not a whole number')
    .min(0, 'is below 0')
    .max(65_535, 'is above 65535')
    .default(fallback);

const maximumAssociations = z.coerce
  .number('is not a number')
  .int('is not a whole number')
  .min(1, 'is below 1')
  .max(4096, 'is above 4096')
  .optional();

const EMULATORS = ['ministack', 'localstack', 'docker-localstack', 'running-localstack'] as const;

/** PEM; an empty one is none. */
const file = z
  .string()
  .optional()
  .transform((path) => (path === undefined || path === '' ? undefined : resolve(path)));

const Environment = z.object({
  GANTRY_DIMSE_PORT: port(11_112),
  GANTRY_DIMSE_TLS_PORT: port(2762),
  GANTRY_TLS_CERTIFICATE: file,
  GANTRY_TLS_KEY: file,
  GANTRY_TLS_CA: file,
  GANTRY_MAX_ASSOCIATIONS: maximumAssociations,
  GANTRY_HTTP_PORT: port(8080),
  GANTRY_AWS_PORT: port(4566),
  GANTRY_DATA_DIR: z.string().min(1).default(`${REPOSITORY}/.gantry`),
  GANTRY_TOOLS_DIR: z.string().min(1).default(`${REPOSITORY}/.gantry/tools`),
  GANTRY_DIMSE_HOST: z.string().min(1).default('127.0.0.1'),
  GANTRY_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  GANTRY_EMULATOR: z.enum(EMULATORS, `is none of ${EMULATORS.join(', ')}`).default('ministack'),
});

/** Files of DICOM over TLS, and its port. With a CA, clients need a certificate that it vouches for. */
export interface TlsSettings {
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string | undefined;
}

export interface Settings {
  /** 0 is any free port, for each of them. */
  readonly dimsePort: number;
  /** Undefined without a certificate: then there is no such port. */
  readonly tls?: TlsSettings | undefined;
  /** At once; undefined: as many as the listener takes by itself. */
  readonly maximumAssociations?: number | undefined;
  readonly httpPort: number;
  readonly awsPort: number;
  /** Addresses that the listener and the API bind to. The emulator has no choice: loopback only. */
  readonly dimseHost: string;
  readonly httpHost: string;
  /** State, spool, logs: one Gantry at a time. */
  readonly dataDirectory: string;
  /** Python environments: shared by all that start from this clone. */
  readonly toolsDirectory: string;
  /**
   * What stands for AWS. LocalStack is there for the tests: it keeps nothing when it is stopped. One that runs
   * already is at `awsPort`.
   */
  readonly emulator: (typeof EMULATORS)[number];
}

/** The environment is not usable; the message has one line for each variable. */
export class SettingsInvalid extends Error {
  override readonly name = 'SettingsInvalid';
}

/** Undefined when nothing of it is set. Throws {@link SettingsInvalid}. */
const tlsOf = (data: z.infer<typeof Environment>): TlsSettings | undefined => {
  const { GANTRY_TLS_CERTIFICATE: certificate, GANTRY_TLS_KEY: key, GANTRY_TLS_CA: ca } = data;
  if (certificate !== undefined && key !== undefined) {
    return { port: data.GANTRY_DIMSE_TLS_PORT, certificate, key, ca };
  }
  if (certificate === undefined && key === undefined && ca === undefined) return undefined;
  const missing = certificate === undefined ? 'GANTRY_TLS_CERTIFICATE' : 'GANTRY_TLS_KEY';
  throw new SettingsInvalid(`${missing} is not set: TLS needs a certificate and its key`);
};

/** Throws {@link SettingsInvalid}. Relative folders are relative to the working directory. */
export const loadSettings = (environment: NodeJS.ProcessEnv): Settings => {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new SettingsInvalid(lines.join('\n'));
  }
  const { data } = parsed;
  return {
    dimsePort: data.GANTRY_DIMSE_PORT,
    tls: tlsOf(data),
    maximumAssociations: data.GANTRY_MAX_ASSOCIATIONS,
    httpPort: data.GANTRY_HTTP_PORT,
    awsPort: data.GANTRY_AWS_PORT,
    dimseHost: data.GANTRY_DIMSE_HOST,
    httpHost: data.GANTRY_HTTP_HOST,
    dataDirectory: resolve(data.GANTRY_DATA_DIR),
    toolsDirectory: resolve(data.GANTRY_TOOLS_DIR),
    emulator: data.GANTRY_EMULATOR,
  };
};
