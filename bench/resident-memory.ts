/** How much memory processes have in RAM (resident set size), of one process or of all that one has started. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ResidentProcess {
  readonly pid: number;
  readonly parent: number;
  readonly mebibytes: number;
  /** The command line. */
  readonly command: string;
}

const SAMPLING_MS = 10;

const ROW = /^ *(\d+) +(\d+) +(\d+) +(.*)$/;

const allProcesses = (): ResidentProcess[] =>
  execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, kibibytes, command] = ROW.exec(line) ?? [];
      return command === undefined
        ? []
        : [
            {
              pid: Number(pid),
              parent: Number(parent),
              mebibytes: Number(kibibytes) / 1024,
              command,
            },
          ];
    });

/** The process and everything below it, parents first. */
export const processTree = (root: number): ResidentProcess[] => {
  const processes = allProcesses();
  const below = (parent: number): ResidentProcess[] =>
    processes
      .filter((process) => process.parent === parent)
      .flatMap((process) => [process, ...below(process.pid)]);
  return [...processes.filter(({ pid }) => pid === root), ...below(root)];
};

/** Of one process, in MiB; on Linux cheap enough to be asked every few milliseconds. */
export const residentMebibytes = (pid: number): number => {
  try {
    const [, kibibytes] =
      /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) / 1024;
  } catch {
    const rss = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return Number(rss) / 1024;
  }
};

/** The most that the process had while `action` ran, in MiB. */
export const peakMebibytes = async (pid: number, action: () => Promise<void>): Promise<number> => {
  let peak = residentMebibytes(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMebibytes(pid));
  }, SAMPLING_MS);
  try {
    await action();
  } finally {
    clearInterval(timer);
  }
  return Math.max(peak, residentMebibytes(pid));
};
