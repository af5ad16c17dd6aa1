/**
 * Python environments: one for the emulator, one for the worker. Each is made once for its requirements, in a
 * folder named by their hash, by whoever comes first; a half-made one is thrown away.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCommands, type Commands } from './commands.ts';
import { contentHash } from './content-hash.ts';
import { isAlive } from './processes.ts';
import { REPOSITORY } from './settings.ts';

const MINIMUM_MINOR = 11;
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];

/** There is no Python that is new enough. */
export class PythonMissing extends Error {
  override readonly name = 'PythonMissing';

  constructor() {
    super(
      `Gantry needs Python 3.${MINIMUM_MINOR} or newer with venv, and found none ` +
        `(tried ${CANDIDATES.join(', ')}). On Debian or Ubuntu: apt-get install python3 python3-venv`,
    );
  }
}

const versionOf = (command: string): { minor: number; text: string } | undefined => {
  try {
    const code = 'import sys, venv; print(sys.version_info[1], sys.version.split()[0])';
    const [minor = '', text = ''] = execFileSync(command, ['-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(' ');
    return { minor: Number(minor), text };
  } catch {
    return undefined;
  }
};

/** The first Python that is new enough; throws {@link PythonMissing}. */
export const findPython = (): { command: string; version: string } => {
  for (const command of CANDIDATES) {
    const version = versionOf(command);
    if (version !== undefined && version.minor >= MINIMUM_MINOR) {
      return { command, version: version.text };
    }
  }
  throw new PythonMissing();
};

export interface PythonEnvironmentOptions {
  readonly name: string;
  /** Relative to the repository. */
  readonly requirements: string;
  /** Folders of the repository from which the environment imports as well. */
  readonly paths: readonly string[];
  readonly toolsDirectory: string;
  readonly logFile: string;
  /** Of whoever may want to end what is being installed. */
  readonly commands?: Commands;
}

export const EMULATOR_PYTHON = {
  name: 'emulator',
  requirements: 'local/emulator-requirements.txt',
  paths: [],
} as const;

/** The worker `default`: what the image of worker-container/ has on AWS. */
export const WORKER_PYTHON = {
  name: 'worker',
  requirements: 'worker-container/python/requirements.txt',
  paths: ['worker-container/python'],
} as const;

/** Waits while another process makes the same environment; takes over from one that has died. */
export const withLock = async <T>(lock: string, action: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(existsSync(lock) ? readFileSync(lock, 'utf8') : 0);
      if (holder !== 0 && !isAlive(holder)) rmSync(lock, { force: true });
      else await sleep(200);
    }
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
};

const sitePackages = (folder: string): string => {
  const lib = join(folder, 'lib');
  const python = readdirSync(lib).find((name) => name.startsWith('python3'));
  if (python === undefined) throw new Error(`${lib} holds no Python`);
  return join(lib, python, 'site-packages');
};

/** The folder of the environment (`bin/python` is in it), made if it is not there. */
export const pythonEnvironment = async (options: PythonEnvironmentOptions): Promise<string> => {
  const { commands = createCommands() } = options;
  const python = findPython();
  // Where the paths are is part of it: two clones may share the folder of tools.
  const paths = options.paths.map((path) => join(REPOSITORY, path));
  const hash = contentHash(REPOSITORY, [options.requirements], [python.version, ...paths]);
  const folder = join(options.toolsDirectory, `${options.name}-${hash.slice(0, 12)}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return folder;
  mkdirSync(options.toolsDirectory, { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(complete)) return folder;
    rmSync(folder, { recursive: true, force: true });
    const run = (title: string, command: string, commandArguments: readonly string[]) =>
      commands.run({
        title,
        command,
        arguments: commandArguments,
        environment: process.env,
        workingDirectory: REPOSITORY,
        logFile: options.logFile,
      });
    await run('python -m venv', python.command, ['-m', 'venv', folder]);
    await run(`pip install (${options.requirements})`, join(folder, 'bin', 'python'), [
      ...['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet'],
      ...['--requirement', join(REPOSITORY, options.requirements)],
    ]);
    if (paths.length > 0) {
      writeFileSync(join(sitePackages(folder), 'gantry.pth'), `${paths.join('\n')}\n`);
    }
    writeFileSync(complete, '');
    return folder;
  });
};
