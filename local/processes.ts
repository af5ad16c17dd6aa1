/**
 * Processes by number: those that this computer runs for an earlier Gantry which could not end them itself.
 * A recorded number counts only while the process of that number still has the recorded command line.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Linux: the state is the first field after the name, which stands in parentheses (proc(5)). */
const isZombie = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

/** A process that has ended does not count, even while its parent has not asked for its exit code. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
};

/** Linux: when the computer was started, and after how many ticks the process (field 22, proc(5)). */
const identityInProc = (pid: number): string | undefined => {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${afterName[19] ?? ''}`;
  } catch {
    return undefined;
  }
};

/** What tells a process from all that have its number before and after it; undefined when there is none. */
export const processIdentity = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined;
  const identity = identityInProc(pid);
  if (identity !== undefined) return identity;
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'lstart='], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

/** To the process and everything that it has started in its session. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** The command line of a process as `ps` shows it; empty when there is none. */
const commandLine = (pid: number): string => {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
};

/** SIGTERM, and SIGKILL for those that are still there after `graceMs`. Resolves when all have ended. */
export const endProcesses = async (pids: readonly number[], graceMs: number): Promise<void> => {
  for (const pid of pids) signalGroup(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (pids.some(isAlive) && Date.now() < deadline) await sleep(POLL_MS);
  for (const pid of pids) signalGroup(pid, 'SIGKILL');
  while (pids.some(isAlive)) await sleep(POLL_MS);
};

/**
 * The processes recorded in a folder: a file per process, named by its number, with its arguments separated
 * by NUL. Records of processes that have ended are removed.
 */
export const recordedProcesses = (folder: string): number[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const pid = Number(entry.name);
    if (!entry.isFile() || !Number.isInteger(pid)) return [];
    const file = join(folder, entry.name);
    const recorded = readFileSync(file, 'utf8').split('\0').join(' ');
    if (recorded !== '' && commandLine(pid) === recorded) return [pid];
    rmSync(file, { force: true });
    return [];
  });
