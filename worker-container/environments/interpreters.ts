/**
 * Which Python a virtual environment is made with: one of the version that the worker asks for if this computer
 * has it, else one that uv brings, else the nearest that is there, and then the difference is said.
 */
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';

export interface Interpreter {
  readonly path: string;
  /** Major, minor, patch. */
  readonly version: readonly [number, number, number];
  /** Tells its builds apart, and the C libraries that compiled modules are for. */
  readonly build: string;
}

export interface ChosenInterpreter extends Interpreter {
  /** Why it is not the one that was asked for; absent when it is. */
  readonly note?: string;
}

/** No Python of this computer can be used for virtual environments. */
export class NoInterpreter extends Error {
  override readonly name = 'NoInterpreter';
}

/** The first minor version of Python 3 that the SDK runs on, and the last that is looked for. */
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 16;
const PROBE_TIMEOUT_MS = 20_000;
/** An interpreter has some 30 MB; where none can be had, that is told long before. */
const UV_TIMEOUT_MS = 180_000;

const PROBE = `
import sys, venv, ensurepip, platform, sysconfig
print(getattr(sys, "_base_executable", sys.executable))
print(*sys.version_info[:3])
print(sys.version.replace("\\n", " "), sysconfig.get_config_var("SOABI"), *platform.libc_ver())
`;

export const showVersion = (version: readonly number[]): string => version.join('.');

const output = (
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  timeout: number,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(command, [...args], { env: environment, cwd: '/', timeout }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });

const probe = async (
  command: string,
  environment: NodeJS.ProcessEnv,
): Promise<Interpreter | undefined> => {
  const [path, numbers, build = ''] = (
    (await output(command, ['-c', PROBE], environment, PROBE_TIMEOUT_MS)) ?? ''
  ).split('\n');
  const [major = 0, minor = 0, patch = 0] = (numbers ?? '').split(' ').map(Number);
  return path === undefined || major !== 3 || minor < OLDEST_MINOR
    ? undefined
    : { path, version: [major, minor, patch], build };
};

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const found = async (names: readonly string[], path: string): Promise<string[]> => {
  const candidates = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const executable = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => executable[index]);
};

const matches = ({ version }: Interpreter, wanted: readonly number[]): boolean =>
  wanted.every((part, index) => version[index] === part);

const newestFirst = (a: Interpreter, b: Interpreter): number =>
  b.version[0] - a.version[0] || b.version[1] - a.version[1] || b.version[2] - a.version[2];

/** Of those that are there: the nearest minor version, of two the newer. */
export const nearestInterpreter = (
  interpreters: readonly Interpreter[],
  wanted: readonly number[],
): Interpreter | undefined => {
  const distance = ({ version }: Interpreter) => Math.abs(version[1] - (wanted[1] ?? version[1]));
  return [...interpreters]
    .sort(newestFirst)
    .sort((a, b) => distance(a) - distance(b))
    .at(0);
};

export interface InterpreterSearch {
  /** As the worker writes it, such as `3.10` or `3.12.4`. */
  readonly wanted: string;
  /** The Python of the default worker: it is always there. */
  readonly python: string;
  /** Folders in which commands are looked for. */
  readonly path: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Where uv puts the interpreters that it brings. */
  readonly uvFolder: string;
  /** Whether callbacks can run it: some are below a folder that only its owner may enter. */
  readonly usable: (python: string) => Promise<boolean>;
}

const broughtByUv = async ({
  wanted,
  python,
  path,
  environment,
  uvFolder,
}: InterpreterSearch): Promise<Interpreter | undefined> => {
  const [uv] = await found(['uv'], [dirname(python), path].join(delimiter));
  if (uv === undefined) return undefined;
  const withFolder = { ...environment, UV_PYTHON_INSTALL_DIR: uvFolder };
  const run = (args: readonly string[]) => output(uv, args, withFolder, UV_TIMEOUT_MS);
  await run(['python', 'install', '--no-bin', '--no-config', wanted]);
  const told = await run(['python', 'find', '--managed-python', '--no-config', wanted]);
  return told === undefined ? undefined : probe(told.trim(), environment);
};

/**
 * The programs of every Python that pyenv keeps, where the path has its shims: those start only the versions that
 * are switched on, and whoever comes from dcm-processor has the Pythons of its workers there.
 */
const foldersOfPyenv = async (path: string): Promise<string[]> => {
  const roots = path
    .split(delimiter)
    .filter((folder) => basename(folder) === 'shims')
    .map((shims) => join(dirname(shims), 'versions'));
  const versions = await Promise.all(
    roots.map(async (root) => {
      const names = await readdir(root).catch((): string[] => []);
      return names.map((name) => join(root, name, 'bin'));
    }),
  );
  return versions.flat();
};

const installed = async ({ python, path, environment }: InterpreterSearch) => {
  const names = Array.from(
    { length: NEWEST_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${OLDEST_MINOR + index}`,
  );
  const folders = [path, ...(await foldersOfPyenv(path))].join(delimiter);
  const commands = [python, ...(await found([...names, 'python3'], folders))];
  const probed = await Promise.all(commands.map((command) => probe(command, environment)));
  const byPath = new Map(probed.flatMap((one) => (one === undefined ? [] : [[one.path, one]])));
  return [...byPath.values()];
};

/** Throws {@link NoInterpreter} when there is none at all. */
export const chooseInterpreter = async (search: InterpreterSearch): Promise<ChosenInterpreter> => {
  const wanted = search.wanted.split('.').map(Number);
  const all = await installed(search);
  const usable = await Promise.all(all.map(({ path }) => search.usable(path)));
  const interpreters = all.filter((_, index) => usable[index]);
  const [exact] = interpreters.filter((one) => matches(one, wanted)).sort(newestFirst);
  if (exact !== undefined) return exact;
  const isTooOld = (wanted[1] ?? OLDEST_MINOR) < OLDEST_MINOR;
  const brought = isTooOld ? undefined : await broughtByUv(search);
  if (brought !== undefined && (await search.usable(brought.path))) return brought;
  const nearest = nearestInterpreter(interpreters, wanted);
  if (nearest === undefined) {
    throw new NoInterpreter(
      `there is no Python 3.${OLDEST_MINOR} or newer with venv that callbacks can run`,
    );
  }
  const why = isTooOld
    ? `the SDK needs Python 3.${OLDEST_MINOR} or newer`
    : 'it is not installed here, and uv could not bring it';
  return {
    ...nearest,
    note: `the worker asks for Python ${search.wanted}; ${why}: Python ${showVersion(nearest.version)} is used`,
  };
};
