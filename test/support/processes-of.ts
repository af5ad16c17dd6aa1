/** The processes that have to do with a folder: by their command line, environment or working directory. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { until } from './until.ts';

const LAST_BREATH_MS = 5000;

const reads = (read: () => string): string => {
  try {
    return read();
  } catch {
    // The process has ended, or is another user's.
    return '';
  }
};

interface Process {
  readonly command: string;
  /** `NAME=value`, NUL between them. */
  readonly environment: string;
}

/** By process id; this process itself is not counted. */
const processesOf = (folder: string): Map<number, Process> => {
  const found = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = reads(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'));
    const environment = reads(() => readFileSync(`/proc/${name}/environ`, 'utf8'));
    const facts = [command, environment, reads(() => readlinkSync(`/proc/${name}/cwd`))];
    if (facts.some((fact) => fact.includes(folder))) {
      found.set(pid, { command: command.replaceAll('\0', ' '), environment });
    }
  }
  return found;
};

/** Of all processes that have to do with the folder; none where there is no /proc. */
export const processIdsOf = (folder: string): number[] =>
  existsSync('/proc') ? [...processesOf(folder).keys()] : [];

/** What is still there of a stopped Gantry, or has such a text about it; a process that is just ending may take its last breath. */
export const leftBehindIn = async (folder: string): Promise<string[]> => {
  try {
    await until('the end of all processes', LAST_BREATH_MS, () =>
      Promise.resolve(processesOf(folder).size === 0 ? true : undefined),
    );
    return [];
  } catch {
    return [...processesOf(folder)].map(([pid, { command }]) => `${pid} ${command}`);
  }
};

/** `kill -9` of those that `isMeant`; how many there were. */
const killThose = (folder: string, isMeant: (process: Process) => boolean): number => {
  const pids = [...processesOf(folder)].flatMap(([pid, facts]) => (isMeant(facts) ? [pid] : []));
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has ended since.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return pids.length;
};

/** `kill -9` of everything. */
export const killAllOf = (folder: string): number => killThose(folder, () => true);

/** `kill -9` of the listener of the Gantry with this data folder. */
export const killListener = (dataDirectory: string): number =>
  killThose(dataDirectory, ({ command }) => command.includes(`${dataDirectory}/bundles/listener-`));

/** `kill -9` of every process of the function, or of all functions, of the Gantry with this data folder. */
export const killFunctions = (dataDirectory: string, name = ''): number =>
  killThose(dataDirectory, ({ environment }) =>
    environment.split('\0').some((entry) => entry.startsWith(`AWS_LAMBDA_FUNCTION_NAME=${name}`)),
  );
