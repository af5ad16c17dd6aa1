/** What the system says of a receiver's processes (Linux): processor time, and the most memory that it had. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Of the kernel's times in /proc. */
const TICKS_PER_SECOND = 100;
const NANOSECONDS_PER_SECOND = 1e9;

/** Fields of /proc/PID/stat after the name, which may hold anything: ppid, cutime, cstime. */
const statOf = (pid: number): { parent: number; secondsOfWaitedFor: number } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[13]) + Number(fields[14]);
  return { parent: Number(fields[1]), secondsOfWaitedFor: ticks / TICKS_PER_SECOND };
};

/** Of all its threads: in nanoseconds, since a process that serves a few instances runs for less than a tick. */
const ownSeconds = (pid: number): number => {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(running);
  });
  return nanoseconds.reduce((sum, running) => sum + running, 0) / NANOSECONDS_PER_SECOND;
};

/** User and system time of a process and of those that it has forked, ended ones too, in seconds. */
export const processorSeconds = (pid: number): number => {
  let seconds = ownSeconds(pid) + statOf(pid).secondsOfWaitedFor;
  for (const name of readdirSync('/proc')) {
    const other = Number(name);
    if (!Number.isInteger(other)) continue;
    try {
      // One that has ended and was not waited for counts itself.
      if (statOf(other).parent === pid) seconds += ownSeconds(other);
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
