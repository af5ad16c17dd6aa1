/**
 * The AWS emulator (ministack) as it is published, but for its long polls (emulator-process): its process, its
 * environment, when it answers. It keeps its tables when it is stopped in order and writes objects at once; after a
 * kill, tables are those of the last stop.
 * LocalStack can take its place: see localstack.ts.
 */
import { writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { startChildProgram, untilHealthy, type ChildProgram } from './child-program.ts';
import type { Commands } from './commands.ts';
import type { DataFolder } from './data-folder.ts';
import { moveState } from './emulator-address.ts';
import { stateNotKept, type StateNotKept } from './emulator-state.ts';
import type { HttpEndpoints } from './http-front.ts';
import { EMULATOR_PYTHON, type PythonEnvironmentOptions } from './python.ts';
import { REPOSITORY } from './settings.ts';

export const EMULATED_REGION = 'us-east-1';
export const EMULATED_ACCOUNT = '000000000000';

/** What SDK clients need to talk to the emulator. The credentials are no secret: it checks none. */
export const emulatedAws = (port: number) => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  AWS_REGION: EMULATED_REGION,
  AWS_ACCESS_KEY_ID: 'gantry',
  AWS_SECRET_ACCESS_KEY: 'gantry',
});

/** The same for a client that is made here. */
export const emulatedConnection = (port: number) => {
  const aws = emulatedAws(port);
  return {
    endpoint: aws.AWS_ENDPOINT_URL,
    region: aws.AWS_REGION,
    credentials: { accessKeyId: aws.AWS_ACCESS_KEY_ID, secretAccessKey: aws.AWS_SECRET_ACCESS_KEY },
  };
};

export interface ContainerImage {
  /** What is started; a container definition's command is its arguments. */
  readonly entryPoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

export interface EmulatorOptions {
  readonly port: number;
  readonly folder: DataFolder;
  /** A Python environment that has ministack. */
  readonly pythonEnvironment: string;
  /** Image name → local process: see local/container-processes. */
  readonly images: Readonly<Record<string, ContainerImage>>;
  /** Folder of the Python environment that users' images get where nothing better stands for them. */
  readonly workerEnvironment: string;
}

/** Where an emulator may install what it needs besides its Python environment. */
export interface Installation {
  readonly toolsDirectory: string;
  readonly commands: Commands;
}

export interface StartedEmulator extends Pick<ChildProgram, 'ended' | 'stop'> {
  /** Resolves when it can be used; throws ProgramEnded when it ends before, or the reason of an abort. */
  answers(signal: AbortSignal): Promise<void>;
  /** After a stop in order: what of its state it could not write after all. */
  notKept?(): StateNotKept | undefined;
}

/** An AWS emulator: how it is installed, started and asked. */
export interface Emulator {
  /** Its Python environment; Lambda functions run on the same Python. */
  readonly python: Pick<PythonEnvironmentOptions, 'name' | 'requirements' | 'paths'>;
  /** Whether it is started at a port of its own; else it is at its port already. */
  readonly ownsItsPort: boolean;
  /** Whether it finds its tables again after an orderly stop. */
  readonly keepsState: boolean;
  start(options: EmulatorOptions & Installation): Promise<StartedEmulator>;
  /** Where REST API and console are reached: requests go to the emulator's port with the host of these URLs. */
  endpoints(port: number, outputs: ApiOutputs): Promise<HttpEndpoints>;
}

export interface ApiOutputs {
  readonly ApiEndpoint: string;
  readonly ApiFunctionName: string;
  readonly ConsoleFunctionName: string;
}

const START_TIMEOUT_MS = 60_000;

/** Inherited, because programs need it to work at all; nothing else reaches the emulator and its Lambdas. */
export const inherited = (): Record<string, string> =>
  Object.fromEntries(
    ['HOME', 'LANG', 'USER', 'DOCKER_HOST', 'GANTRY_IMAGE_ROOTS', 'GANTRY_HOST_ROOT'].flatMap(
      (name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      },
    ),
  );

const emulatorLog = ({ logs }: DataFolder): string => join(logs, 'emulator.log');

/**
 * The given folders, the system's, and of the path of who starts Gantry only what pyenv has there: runners find the
 * Pythons of workers by it.
 */
export const programPath = (folders: readonly string[], path: string): string => {
  const pyenv = path.split(delimiter).filter((folder) => basename(folder) === 'shims');
  return [...folders, '/usr/local/bin', '/usr/bin', '/bin', ...pyenv].join(delimiter);
};

/** Starts the process; {@link emulatorAnswers} tells when it can be used. */
export const startEmulator = async (options: EmulatorOptions): Promise<ChildProgram> => {
  const { folder, port, pythonEnvironment } = options;
  moveState(folder.emulatorState, port);
  writeFileSync(folder.containerImages, JSON.stringify(options.images, undefined, 2));
  // Lambdas unpack below TMPDIR; without this, the package.json above makes ES modules of their loaders.
  writeFileSync(join(folder.temporary, 'package.json'), '{"type":"commonjs"}\n');
  const python = join(pythonEnvironment, 'bin');
  return startChildProgram({
    name: 'emulator',
    command: join(python, 'python'),
    arguments: ['-m', 'gantry_emulator'],
    workingDirectory: folder.root,
    logFile: emulatorLog(folder),
    pidFolder: folder.pids,
    environment: {
      ...inherited(),
      ...emulatedAws(port),
      PATH: programPath([dirname(process.execPath), python], process.env['PATH'] ?? ''),
      TMPDIR: folder.temporary,
      PYTHONPATH: ['container-processes', 'emulator-process']
        .map((folder) => join(REPOSITORY, 'local', folder))
        .join(delimiter),
      PYTHONUNBUFFERED: '1',
      // Without the real SDK there, the emulator gives Lambdas stand-ins for it.
      NODE_PATH: join(REPOSITORY, 'node_modules'),
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      // An address and not a name: keeps the SDKs on path-style addressing.
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: EMULATED_REGION,
      MINISTACK_ACCOUNT_ID: EMULATED_ACCOUNT,
      LAMBDA_EXECUTOR: 'local',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      PERSIST_STATE: '1',
      STATE_DIR: folder.emulatorState,
      S3_PERSIST: '1',
      S3_DATA_DIR: folder.emulatorObjects,
      GANTRY_CONTAINER_IMAGES: folder.containerImages,
      GANTRY_CONTAINER_LOGS: join(folder.logs, 'containers'),
      GANTRY_CONTAINER_PIDS: folder.containerPids,
      GANTRY_CONTAINER_VOLUMES: folder.containerVolumes,
      GANTRY_HOST_ROOT_PYTHON: options.workerEnvironment,
    },
  });
};

/** Resolves when the emulator answers; throws ProgramEnded when it ends before, or the reason of an abort. */
export const emulatorAnswers = (
  program: ChildProgram,
  port: number,
  signal: AbortSignal,
): Promise<void> =>
  untilHealthy(program, `http://127.0.0.1:${port}/_ministack/health`, START_TIMEOUT_MS, signal);

/** The default. */
export const MINISTACK: Emulator = {
  python: EMULATOR_PYTHON,
  ownsItsPort: true,
  keepsState: true,
  start: async (options) => {
    const program = await startEmulator(options);
    return {
      ...program,
      answers: (signal) => emulatorAnswers(program, options.port, signal),
      notKept: () => stateNotKept(options.folder.root, emulatorLog(options.folder)),
    };
  },
  endpoints: (_port, { ApiEndpoint }) =>
    Promise.resolve({ api: ApiEndpoint, console: ApiEndpoint }),
};
