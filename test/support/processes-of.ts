/** The processes that have to do with a folder: by their command line, environment or working directory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const reads = (read: () => string): string => {
  try {
    return read();
  } catch {
    // The process has ended, or is another user's.
    return '';
  }
};

/** Command lines by process id; this process itself is not counted. */
export const processesOf = (folder: string): Map<number, string> => {
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
