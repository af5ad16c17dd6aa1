/**
 * Makes one virtual environment: the worker's requirements first, then what the SDK needs and they left out, then
 * the SDK. Code of packages runs while pip installs them; it runs under a user id of its own where there are
 * such, without anything of the platform's environment, and what it made becomes the runner's afterwards.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, lchown, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { belongingToMarker, endProcesses } from '../isolation/processes.ts';
import { placedCommand, type Sandbox } from '../isolation/sandbox.ts';
import type { UserIds } from '../isolation/user-ids.ts';

/** The environment of a worker cannot be made; `output` is the end of what was said about it. */
export class EnvironmentNotBuilt extends Error {
  override readonly name = 'EnvironmentNotBuilt';
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** The runner was told to stop while an environment was being made. */
export class BuildStopped extends Error {
  override readonly name = 'BuildStopped';
}

/** What the default worker's Python has of the SDK: its packages' folders, and the versions of its libraries. */
export interface SdkFacts {
  readonly packages: readonly string[];
  readonly libraries: Readonly<Record<string, string>>;
}

export interface BuildOptions {
  readonly interpreter: string;
  /** Where the environment is to be: it cannot be moved later. */
  readonly folder: string;
  /** The worker's unpacked package. */
  readonly packageFolder: string;
  readonly sdk: SdkFacts;
  readonly users: UserIds | undefined;
  readonly sandbox: Sandbox | undefined;
  readonly path: string;
  /** Settings of pip and of the network, such as proxies. */
  readonly settings: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const REQUIREMENTS = 'requirements.txt';
const MAX_OUTPUT = 8 * 1024;
const BUILD_TIMEOUT_MS = 30 * 60_000;

/** Versions of all that is installed, as constraints: what the worker asked for is not changed for the SDK. */
const CONSTRAINTS = `
import importlib.metadata as m
for d in m.distributions():
    print(f"{d.metadata['Name']}=={d.version}")
`;
const SITE_PACKAGES = 'import sysconfig; print(sysconfig.get_path("purelib"))';

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Files and folders that settings name: certificates, a pip.conf, a folder of wheels. */
const filesOf = (settings: Readonly<Record<string, string>>): string[] =>
  Object.values(settings)
    .flatMap((value) => value.split(' '))
    .filter((word) => isAbsolute(word) && existsSync(word));

class Commands {
  readonly #options: BuildOptions;
  readonly #user: Identity | undefined;
  readonly #home: string;
  /** The end of all output. */
  tail = '';

  constructor(options: BuildOptions, user: Identity | undefined, home: string) {
    this.#options = options;
    this.#user = user;
    this.#home = home;
  }

  /** The output, or undefined when the command failed. */
  async run(python: string, args: readonly string[], cwd: string): Promise<string | undefined> {
    const { path, settings, signal, sandbox, folder, packageFolder } = this.#options;
    const placed = await placedCommand(
      { python, arguments: args, workingDirectory: cwd, user: this.#user },
      sandbox && {
        sandbox,
        view: {
          temporary: this.#home,
          writable: [folder, this.#home, packageFolder],
          readable: filesOf(settings),
        },
      },
    );
    return new Promise((resolve, reject) => {
      const child = spawn(placed.program, [...placed.arguments], {
        ...placed.options,
        env: {
          PATH: path,
          HOME: this.#home,
          TMPDIR: this.#home,
          LANG: 'C.UTF-8',
          PYTHONDONTWRITEBYTECODE: '1',
          ...settings,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
        killSignal: 'SIGKILL',
        timeout: BUILD_TIMEOUT_MS,
      });
      let output = '';
      const take = (chunk: Buffer) => {
        output += chunk.toString('utf8');
        this.tail = (this.tail + chunk.toString('utf8')).slice(-MAX_OUTPUT);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('error', (error) => {
        if (signal.aborted) reject(new BuildStopped('the runner was told to stop'));
        else reject(new EnvironmentNotBuilt(`${basename(python)}: ${error.message}`, this.tail));
      });
      child.on('close', (code) => {
        resolve(code === 0 ? output : undefined);
      });
    });
  }
}

/** Everything below the folder becomes the runner's, for nobody else to write. */
const takeOver = async (path: string): Promise<void> => {
  const facts = await lstat(path);
  if (facts.isSymbolicLink()) {
    await lchown(path, 0, 0);
    return;
  }
  await chown(path, 0, 0);
  await chmod(path, (facts.mode & 0o755) | 0o444 | (facts.isDirectory() ? 0o111 : 0));
  if (!facts.isDirectory()) return;
  for (const name of await readdir(path)) await takeOver(join(path, name));
};

/** What was unpacked for the build belongs to whoever builds. */
const handOver = async (folder: string, { uid, gid }: Identity): Promise<void> => {
  for (const name of ['.', ...(await readdir(folder, { recursive: true }))]) {
    await chown(join(folder, name), uid, gid);
  }
};

/** pip's last complaint in one line, for the job's reason. */
const lastError = (output: string): string =>
  output
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => /^(ERROR|error|fatal)\b/i.test(line)) ??
  output.trim().split('\n').at(-1) ??
  '';

const pip = (python: string, ...args: string[]): [string, string[]] => [
  python,
  [
    ...['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-cache-dir'],
    ...['--progress-bar', 'off', ...args],
  ],
];

/** What the SDK could not have: its functions that need it will fail, and nothing else. */
const installLibraries = async (
  commands: Commands,
  python: string,
  { sdk }: BuildOptions,
  scratch: string,
): Promise<string | undefined> => {
  const told = (await commands.run(python, ['-c', CONSTRAINTS], scratch)) ?? '';
  const there = new Set(told.split('\n').map((line) => (line.split('==')[0] ?? '').toLowerCase()));
  const missing = Object.entries(sdk.libraries).filter(([name]) => !there.has(name.toLowerCase()));
  if (missing.length === 0) return undefined;
  const constraints = join(scratch, 'constraints.txt');
  await writeFile(constraints, told, { mode: 0o644 });
  const install = (wanted: readonly string[]) =>
    commands.run(...pip(python, '--constraint', constraints, ...wanted), scratch);
  // Those that the SDK is tested with; where they do not fit the worker's own requirements, any that do.
  if ((await install(missing.map(([name, version]) => `${name}==${version}`))) !== undefined) {
    return undefined;
  }
  const failed: string[] = [];
  for (const [name] of missing) {
    if ((await install([name])) === undefined) failed.push(name);
  }
  return failed.length === 0
    ? undefined
    : `beside the worker's requirements, ${failed.join(', ')} could not be installed: functions of the SDK that need them will fail`;
};

const build = async (
  options: BuildOptions,
  commands: Commands,
  scratch: string,
): Promise<string | undefined> => {
  const { interpreter, folder, packageFolder, sdk } = options;
  const python = join(folder, 'bin', 'python');
  if ((await commands.run(interpreter, ['-m', 'venv', folder], scratch)) === undefined) {
    throw new EnvironmentNotBuilt(
      `python -m venv failed: ${lastError(commands.tail)}`,
      commands.tail,
    );
  }
  const hasRequirements = (await readdir(packageFolder)).includes(REQUIREMENTS);
  if (hasRequirements) {
    const installed = await commands.run(
      ...pip(python, '--requirement', REQUIREMENTS),
      packageFolder,
    );
    if (installed === undefined) {
      throw new EnvironmentNotBuilt(
        `pip could not install the worker's ${REQUIREMENTS}: ${lastError(commands.tail)}`,
        commands.tail,
      );
    }
  }
  const note = await installLibraries(commands, python, options, scratch);
  const sitePackages = (await commands.run(python, ['-c', SITE_PACKAGES], scratch))?.trim();
  if (!sitePackages?.startsWith(folder)) {
    throw new EnvironmentNotBuilt('the new Python does not run', commands.tail);
  }
  // Last, so that no requirement can put its own module in the place of the SDK's.
  for (const source of sdk.packages) {
    const target = join(sitePackages, basename(source));
    await rm(target, { recursive: true, force: true });
    await cp(source, target, {
      recursive: true,
      filter: (path) => basename(path) !== '__pycache__',
    });
  }
  return note;
};

/**
 * Returns a note about what the environment lacks, if it lacks anything. Throws {@link EnvironmentNotBuilt}, or
 * {@link BuildStopped}; whatever is in the folder then is of no use.
 */
export const buildEnvironment = async (options: BuildOptions): Promise<string | undefined> => {
  const scratch = `${options.folder}.scratch`;
  // A pip whose runner was killed may still be writing to this very folder.
  await endProcesses(belongingToMarker(`HOME=${scratch}\0`));
  const user = await options.users?.take();
  try {
    await mkdir(dirname(options.folder), { recursive: true });
    for (const folder of [scratch, options.folder]) {
      await mkdir(folder, { mode: 0o755 });
      if (user !== undefined) await chown(folder, user.uid, user.gid);
    }
    const identity = user === undefined ? undefined : { uid: user.uid, gid: user.gid };
    if (identity !== undefined) await handOver(options.packageFolder, identity);
    const note = await build(options, new Commands(options, identity, scratch), scratch);
    if (user !== undefined) await takeOver(options.folder);
    return note;
  } finally {
    await user?.release();
    await rm(scratch, { recursive: true, force: true });
  }
};
