/** The runner as a process of its own, with the worker's real Python. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pythonEnvironment, WORKER_PYTHON } from '../../../local/python.ts';
import { loadSettings, REPOSITORY } from '../../../local/settings.ts';
import type { EmulatedCloud } from './emulated-cloud.ts';

/** The Python of the default worker; GANTRY_TEST_PYTHON names another one. */
export const workerPython = async (logFolder: string): Promise<string> => {
  const given = process.env['GANTRY_TEST_PYTHON'];
  if (given !== undefined) return given;
  const { toolsDirectory } = loadSettings(process.env);
  const logFile = join(logFolder, 'worker-python.log');
  return join(
    await pythonEnvironment({ ...WORKER_PYTHON, toolsDirectory, logFile }),
    'bin',
    'python',
  );
};

export const startRunner = async (
  cloud: EmulatedCloud,
  options: {
    slots?: number;
    lingerSeconds?: number;
    python?: string;
    workFolder?: string;
    environment?: Readonly<Record<string, string>>;
    /** A command that runs the rest of its arguments as a command. */
    through?: readonly string[];
  } = {},
) => {
  // Short, so that its sockets are in the runner's own folder wherever the tests have theirs.
  const runnerId = randomUUID().slice(0, 8);
  const workFolder = options.workFolder ?? cloud.folder.runnerWork;
  const program = [process.execPath, join(REPOSITORY, 'worker-container', 'main.ts')];
  const child = spawn('env', ['--', ...(options.through ?? []), ...program], {
    cwd: cloud.folder.runnerWork,
    env: {
      ...cloud.environment,
      PATH: process.env['PATH'],
      GANTRY_RUNNER_ID: runnerId,
      GANTRY_RUNNER_SLOTS: String(options.slots ?? 4),
      GANTRY_RUNNER_LINGER_SECONDS: String(options.lingerSeconds ?? 300),
      GANTRY_WORK_DIR: workFolder,
      GANTRY_SANDBOX_FOLDERS: cloud.shared,
      GANTRY_PYTHON: options.python ?? (await workerPython(cloud.folder.logs)),
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const logFile = createWriteStream(join(cloud.folder.logs, `${runnerId}.log`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
    stream.pipe(logFile, { end: false });
  }
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  return {
    runnerId,
    ended,
    /** What it has logged so far. */
    log: () => log,
    folder: join(workFolder, runnerId),
    pid: child.pid ?? 0,
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return ended;
    },
  };
};
export type RunnerProcess = Awaited<ReturnType<typeof startRunner>>;
