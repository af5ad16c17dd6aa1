/**
 * A whole Gantry on this computer: emulator, deployment, listener, HTTP address; started in order, as much at
 * once as possible, and stopped in the opposite order with nothing left behind.
 */
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { bundlePrograms } from './bundles.ts';
import type { ChildProgram } from './child-program.ts';
import {
  clearRunning,
  openDataFolder,
  readRunning,
  writeRunning,
  type DataFolder,
} from './data-folder.ts';
import { createCommands, type Commands } from './commands.ts';
import { giveUpReserve, keepReserve } from './disk-reserve.ts';
import { deploy, putRecord, takeRecord, type Deployment } from './deployment.ts';
import {
  emulatedAws,
  emulatedConnection,
  MINISTACK,
  type Emulator,
  type StartedEmulator,
} from './emulator.ts';
import { gantryPorts, type GantryPorts } from './gantry-ports.ts';
import { startHttpFront, type HttpFront } from './http-front.ts';
import { StateNotKept } from './emulator-state.ts';
import { DOCKER_LOCALSTACK } from './localstack-docker.ts';
import { LOCALSTACK, RUNNING_LOCALSTACK } from './localstack.ts';
import { endProcesses, recordedProcesses } from './processes.ts';
import {
  containerImages,
  listenerAccepts,
  startListener,
  type ListenerOptions,
} from './programs.ts';
import { pythonEnvironment, WORKER_PYTHON } from './python.ts';
import type { Settings } from './settings.ts';
import { supervise, type SupervisedProgram } from './supervised-program.ts';

/** Listener: answers what it has acknowledged. Runners: hand their jobs back. Emulator: writes its tables. */
const GRACE_MS = { listener: 10_000, runners: 10_000, emulator: 60_000 } as const;

const EMULATORS: Readonly<Record<Settings['emulator'], Emulator>> = {
  ministack: MINISTACK,
  localstack: LOCALSTACK,
  'docker-localstack': DOCKER_LOCALSTACK,
  'running-localstack': RUNNING_LOCALSTACK,
};

/** Another process has this data folder. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';

  constructor(dataDirectory: string, pid: number, apiUrl: string) {
    super(
      `Gantry is already running with the data folder ${dataDirectory} (process ${pid}, ${apiUrl}); ` +
        'set GANTRY_DATA_DIR to start another one',
    );
  }
}

export interface StartedGantry {
  /** Base of the REST API, without a slash at its end. */
  readonly apiUrl: string;
  readonly httpPort: number;
  /** The address that DICOM has on this computer. */
  readonly dimseHost: string;
  readonly dimsePort: number;
  /** Undefined without a certificate. */
  readonly dimseTlsPort: number | undefined;
  readonly awsPort: number;
  /** What SDK clients need to look into the emulator. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly dataDirectory: string;
  /** Folder of the worker's Python environment. */
  readonly workerEnvironment: string;
  /** Resolves when the emulator ends by itself: then nothing works, and `stop` is due. A listener is started again. */
  readonly failed: Promise<Error>;
  /** Ends everything. Throws StateNotKept, when all has ended, if not everything will be found again. */
  stop(): Promise<void>;
}

/** Receives one line for each step that has been done. */
export type Progress = (step: string) => void;

/** What has been started so far, to be stopped in the opposite order. */
interface Started {
  front?: HttpFront;
  emulator?: StartedEmulator;
  listener?: ChildProgram | SupervisedProgram;
  listenerFailed?: Promise<Error>;
  deployment?: Deployment;
}

const stopAll = async (folder: DataFolder, started: Started): Promise<void> => {
  await started.listener?.stop(GRACE_MS.listener);
  await endProcesses(recordedProcesses(folder.containerPids), GRACE_MS.runners);
  giveUpReserve(folder.reserve);
  const inOrder = await started.emulator?.stop(GRACE_MS.emulator);
  const notKept = inOrder === true ? started.emulator?.notKept?.() : undefined;
  if (inOrder === true && notKept === undefined && started.deployment !== undefined) {
    putRecord(folder.deploymentRecord, started.deployment);
  }
  await endProcesses(recordedProcesses(folder.containerPids), 0);
  await started.front?.close();
  clearRunning(folder.root);
  if (notKept !== undefined) throw notKept;
};

const runSweep = async (awsPort: number, functionName: string): Promise<void> => {
  const client = new LambdaClient(emulatedConnection(awsPort));
  try {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify({ startup: true }) }),
    );
    if (answer.FunctionError !== undefined) {
      throw new Error(
        `the first sweep was not complete: ${answer.Payload?.transformToString() ?? ''}`,
      );
    }
  } finally {
    client.destroy();
  }
};

interface StartContext {
  readonly settings: Settings;
  readonly folder: DataFolder;
  readonly ports: GantryPorts;
  readonly commands: Commands;
  /** Filled as things start, so that a start that fails can stop what it has started. */
  readonly started: Started;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Resolves when it accepts associations; afterwards it is kept running. */
const startKeptListener = async (
  { started, progress, signal }: StartContext,
  options: ListenerOptions,
): Promise<void> => {
  const first = await startListener(options);
  started.listener = first;
  await listenerAccepts(first, options.healthPort, signal);
  const listener = supervise(first, {
    start: () => startListener(options),
    onEnd: ({ message }, pauseMs) => {
      progress(`${message}\nThe listener is started again in ${pauseMs / 1000} s.`);
    },
  });
  started.listener = listener;
  started.listenerFailed = listener.failed;
};

/** Returns the folder of the worker's Python environment. */
const startPrograms = async (context: StartContext): Promise<string> => {
  const { settings, folder, ports, commands, started, progress, signal } = context;
  started.front = await startHttpFront(settings.httpHost, ports.http, ports.aws);
  const toolsDirectory = settings.toolsDirectory;
  const kind = EMULATORS[settings.emulator];
  const python = (environment: Emulator['python']) =>
    pythonEnvironment({
      ...environment,
      commands,
      toolsDirectory,
      logFile: join(folder.logs, `python-${environment.name}.log`),
    });
  const [emulatorEnvironment, workerEnvironment, bundles] = await Promise.all([
    python(kind.python),
    python(WORKER_PYTHON),
    bundlePrograms(folder.bundles),
  ]);
  progress('Python environments and programs are there');

  const emulator = await kind.start({
    port: ports.aws,
    folder,
    toolsDirectory,
    commands,
    pythonEnvironment: emulatorEnvironment,
    images: containerImages(folder, bundles, workerEnvironment),
    workerEnvironment,
  });
  started.emulator = emulator;
  started.deployment = await deploy(commands, {
    folder,
    awsPort: ports.aws,
    python: join(emulatorEnvironment, 'bin', 'python'),
    record: kind.keepsState ? takeRecord(folder.deploymentRecord) : undefined,
    emulator: emulator.answers(signal).then(() => {
      progress('the emulator answers');
    }),
    progress,
  });

  const { outputs } = started.deployment;
  await Promise.all([
    startKeptListener(context, {
      folder,
      bundle: bundles.listener,
      outputs,
      host: settings.dimseHost,
      port: ports.dimse,
      maximumAssociations: settings.maximumAssociations,
      tls:
        settings.tls === undefined || ports.dimseTls === undefined
          ? undefined
          : { ...settings.tls, port: ports.dimseTls },
      healthPort: ports.health,
      awsPort: ports.aws,
    }),
    // Whatever it could not repair, the next one tries again within a minute.
    runSweep(ports.aws, outputs.SweepFunctionName).catch((error: unknown) => {
      progress(error instanceof Error ? error.message : String(error));
    }),
  ]);
  progress('the listener accepts associations');
  started.front.ready(await kind.endpoints(ports.aws, outputs));
  return workerEnvironment;
};

/**
 * Starts everything and resolves when it is ready. Throws AlreadyRunning, DataFolderUnusable, DiskFull, PortsInUse,
 * PythonMissing, CommandFailed or ProgramEnded, or the reason of `signal`, with nothing left running.
 */
export const startGantry = async (
  settings: Settings,
  { progress = () => undefined, signal }: { progress?: Progress; signal?: AbortSignal } = {},
): Promise<StartedGantry> => {
  const running = readRunning(settings.dataDirectory);
  if (running !== undefined) {
    throw new AlreadyRunning(settings.dataDirectory, running.pid, running.apiUrl);
  }
  const folder = openDataFolder(settings.dataDirectory);
  const leftovers = [...recordedProcesses(folder.pids), ...recordedProcesses(folder.containerPids)];
  if (leftovers.length > 0) {
    await endProcesses(leftovers, GRACE_MS.runners);
    progress(`ended ${leftovers.length} processes of a Gantry that was killed`);
  }
  const ports = await gantryPorts(settings, EMULATORS[settings.emulator].ownsItsPort);
  const apiUrl = `http://127.0.0.1:${ports.http}`;
  keepReserve(folder.reserve);
  writeRunning(folder.root, { httpPort: ports.http, dimsePort: ports.dimse, apiUrl });

  const commands = createCommands();
  const started: Started = {};
  const givenUp = new AbortController();
  const giveUp = (): void => {
    givenUp.abort(signal?.reason);
    void commands.abort();
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    signal?.throwIfAborted();
    const context = {
      settings,
      folder,
      ports,
      commands,
      started,
      progress,
      signal: givenUp.signal,
    };
    const workerEnvironment = await startPrograms(context);
    signal?.throwIfAborted();
    const failures = [started.emulator?.ended, started.listenerFailed];
    let stopping: Promise<void> | undefined;
    return {
      apiUrl,
      httpPort: ports.http,
      dimseHost: settings.dimseHost,
      dimsePort: ports.dimse,
      dimseTlsPort: ports.dimseTls,
      awsPort: ports.aws,
      awsEnvironment: emulatedAws(ports.aws),
      dataDirectory: folder.root,
      workerEnvironment,
      failed: Promise.race(failures.filter((failure) => failure !== undefined)),
      stop: () => (stopping ??= stopAll(folder, started)),
    };
  } catch (error) {
    givenUp.abort(error);
    await commands.abort();
    await stopAll(folder, started).catch((notKept: unknown) => {
      if (!(notKept instanceof StateNotKept)) throw notKept;
      progress(notKept.message);
    });
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
};
