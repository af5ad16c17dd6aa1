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
  options: { slots?: number; lingerSeconds?: number } = {},
) => {
  const runnerId = randomUUID();
  const child = spawn(process.execPath, [join(REPOSITORY, 'worker-container', 'main.ts')], {
    cwd: cloud.folder.runnerWork,
    env: {
      ...cloud.environment,
      PATH: process.env['PATH'],
      GANTRY_RUNNER_ID: runnerId,
      GANTRY_RUNNER_SLOTS: String(options.slots ?? 4),
      GANTRY_RUNNER_LINGER_SECONDS: String(options.lingerSeconds ?? 300),
      GANTRY_WORK_DIR: cloud.folder.runnerWork,
      GANTRY_PYTHON: await workerPython(cloud.folder.logs),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stdout.pipe(createWriteStream(join(cloud.folder.logs, `${runnerId}.log`)));
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  return {
    runnerId,
    ended,
    /** What it has logged so far. */
    log: () => log,
    folder: join(cloud.folder.runnerWork, runnerId),
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return ended;
    },
  };
};
export type RunnerProcess = Awaited<ReturnType<typeof startRunner>>;
