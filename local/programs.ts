/** The listener as a process, and what stands behind the image of the runner. */
import { join } from 'node:path';
import { ENV } from '../core/contracts/names.ts';
import { LISTENER_NODE_ARGUMENTS } from '../listener-container/node-arguments.ts';
import type { Bundles } from './bundles.ts';
import { startChildProgram, untilHealthy, type ChildProgram } from './child-program.ts';
import type { DataFolder } from './data-folder.ts';
import type { Outputs } from './deployment.ts';
import { emulatedAws, type ContainerImage } from './emulator.ts';
import type { TlsSettings } from './settings.ts';

const START_TIMEOUT_MS = 30_000;

const HEALTH_HOST = '127.0.0.1';

/**
 * The emulator has its objects on the same disk, and says that it has stored one also where it could not write it: it
 * must not come so far. What runners write has room in it, too.
 */
const SPOOL_RESERVE_BYTES = 256 * 1024 * 1024;

/** The name that the embedded task definition uses: infra/constructs/runner-task.ts. */
const RUNNER_IMAGE = 'gantry/runner';

/** Likewise: infra/constructs/docker-tasks.ts. */
const TASK_IMAGE = 'gantry/docker-task';

/** How callbacks are kept to their own job here: as whoever started Gantry says. */
const sandboxSettings = (): Record<string, string> =>
  Object.fromEntries(
    [ENV.sandbox, ENV.sandboxFolders].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** What the Dockerfile of worker-container/ is on AWS. */
export const containerImages = (
  folder: DataFolder,
  bundles: Bundles,
  workerEnvironment: string,
): Record<string, ContainerImage> => {
  const program = (bundle: string): ContainerImage => ({
    entryPoint: [process.execPath, bundle],
    workingDirectory: folder.runnerWork,
    environment: {
      NODE_ENV: 'production',
      NODE_OPTIONS: '--enable-source-maps',
      [ENV.python]: join(workerEnvironment, 'bin', 'python'),
      [ENV.workDirectory]: folder.runnerWork,
      ...sandboxSettings(),
    },
  });
  return { [RUNNER_IMAGE]: program(bundles.runner), [TASK_IMAGE]: program(bundles.dockerTask) };
};

export interface ListenerOptions {
  readonly folder: DataFolder;
  readonly bundle: string;
  readonly outputs: Outputs;
  readonly host: string;
  readonly port: number;
  /** Its port is one that is free. */
  readonly tls: TlsSettings | undefined;
  /** Undefined: as many as it takes by itself. */
  readonly maximumAssociations: number | undefined;
  readonly healthPort: number;
  readonly awsPort: number;
}

/** Starts the process; {@link listenerAccepts} tells when it can be called. */
export const startListener = async (options: ListenerOptions): Promise<ChildProgram> => {
  const { folder, outputs, tls, maximumAssociations } = options;
  return startChildProgram({
    name: 'listener',
    command: process.execPath,
    arguments: [...LISTENER_NODE_ARGUMENTS, options.bundle],
    workingDirectory: folder.root,
    logFile: join(folder.logs, 'listener.log'),
    pidFolder: folder.pids,
    environment: {
      ...emulatedAws(options.awsPort),
      NODE_ENV: 'production',
      [ENV.deployment]: 'gantry',
      [ENV.table]: outputs.TableName,
      [ENV.bucket]: outputs.BucketName,
      [ENV.stabilityChecksQueueUrl]: outputs.StabilityChecksQueueUrl,
      [ENV.processorsQueueUrl]: outputs.ProcessorsQueueUrl,
      [ENV.dimseHost]: options.host,
      [ENV.dimsePort]: String(options.port),
      ...(tls === undefined
        ? {}
        : {
            [ENV.dimseTlsPort]: String(tls.port),
            [ENV.tlsCertificate]: tls.certificate,
            [ENV.tlsKey]: tls.key,
            ...(tls.ca === undefined ? {} : { [ENV.tlsCa]: tls.ca }),
          }),
      ...(maximumAssociations === undefined
        ? {}
        : { [ENV.maximumAssociations]: String(maximumAssociations) }),
      // Where it is asked from, whatever address DICOM has.
      [ENV.healthHost]: HEALTH_HOST,
      [ENV.healthPort]: String(options.healthPort),
      [ENV.spoolDirectory]: folder.spool,
      [ENV.spoolReserve]: String(SPOOL_RESERVE_BYTES),
      [ENV.runnerSlots]: outputs.RunnerSlots,
      [ENV.maxRunners]: outputs.MaxRunners,
    },
  });
};

/** Resolves when the listener accepts associations; throws ProgramEnded when it ends before. */
export const listenerAccepts = (
  program: ChildProgram,
  healthPort: number,
  signal: AbortSignal,
): Promise<void> =>
  untilHealthy(program, `http://${HEALTH_HOST}:${healthPort}/healthz`, START_TIMEOUT_MS, signal);
