/** What the system says of a receiver's processes (Linux): processor time, and the most memory that it had. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Of the kernel's times in /proc. */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat after the name, which may hold anything: ppid, utime, stime, cutime, cstime. */
const statOf = (pid: number): { parent: number; seconds: number } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
  return { parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND };
};

/** User and system time of a process and of those that it has forked, ended ones too, in seconds. */
export const processorSeconds = (pid: number): number => {
  let seconds = statOf(pid).seconds;
  for (const name of readdirSync('/proc')) {
    const other = Number(name);
    if (!Number.isInteger(other)) continue;
    try {
      const { parent, seconds: used } = statOf(other);
      // One that has ended and was not waited for counts itself.
      if (parent === pid) seconds += used;
    } catch {
      // It has gone meanwhile; its parent has its time.
    }
  }
  return seconds;
};

/** From now on `highWaterMebibytes` tells the most since now. */
export const resetHighWater = (pid: number): void => {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
};

export const highWaterMebibytes = (pid: number): number => {
  const [, kibibytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
};
