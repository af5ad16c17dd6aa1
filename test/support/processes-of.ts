/** The processes that have to do with a folder: by their command line, environment or working directory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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

/** Command lines by process id; this process itself is not counted. */
const processesOf = (folder: string): Map<number, string> => {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = reads(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'));
    const facts = [
      command,
      reads(() => readFileSync(`/proc/${name}/environ`, 'utf8')),
      reads(() => readlinkSync(`/proc/${name}/cwd`)),
    ];
    if (facts.some((fact) => fact.includes(folder))) found.set(pid, command.replaceAll('\0', ' '));
  }
  return found;
};

/** What is still there of a stopped Gantry; a process that is just ending may take its last breath. */
export const leftBehindIn = async (folder: string): Promise<string[]> => {
  try {
    await until('the end of all processes', LAST_BREATH_MS, () =>
      Promise.resolve(processesOf(folder).size === 0 ? true : undefined),
    );
    return [];
  } catch {
    return [...processesOf(folder)].map(([pid, command]) => `${pid} ${command}`);
  }
};
