/**
 * The processes of this computer as Linux tells them below `/proc`, and the ending of those that belong to an
 * attempt. On another system nothing is told: there an attempt's process group is all that can be ended.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One running process; zombies are not told. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Real, effective, saved and file-system user id. */
  readonly users: readonly number[];
  readonly residentBytes: number;
  /** Its number in the innermost name space that it is in; `pid` where there are none. */
  readonly pidInNamespace: number;
}

/** Says which of all processes belong to an attempt. */
export type Belonging = (all: readonly ProcessFacts[]) => readonly ProcessFacts[];

const PROC = '/proc';
const ROUND_MS = 10;
/** A second: a process that is being killed is gone in milliseconds, unless a device holds it. */
const MAX_ROUNDS = 100;

/** Undefined for what ended meanwhile, and for what this process may not read. */
const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
};

const factsOf = (pid: number): ProcessFacts | undefined => {
  const status = readText(`${PROC}/${pid}/status`);
  if (status === undefined || /^State:\s+[ZX]/m.test(status)) return undefined;
  const [, ...users] = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/m.exec(status) ?? [];
  return {
    pid,
    parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    users: users.map(Number),
    residentBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
    pidInNamespace: Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1] ?? pid),
  };
};

/** All processes but this one; empty where there is no `/proc`. */
export const readProcesses = (): readonly ProcessFacts[] => {
  if (process.platform !== 'linux') return [];
  return readdirSync(PROC).flatMap((name) => {
    const pid = /^\d+$/.test(name) ? Number(name) : process.pid;
    const facts = pid === process.pid ? undefined : factsOf(pid);
    return facts === undefined ? [] : [facts];
  });
};

/** Whatever runs under a user id: for attempts that have one of their own. */
export const belongingToUser =
  (uid: number): Belonging =>
  (all) =>
    all.filter(({ users }) => users.includes(uid));

const hasInEnvironment = (pid: number, marker: string): boolean =>
  readText(`${PROC}/${pid}/environ`)?.includes(marker) === true;

/** Whatever has `marker` in its environment. */
export const belongingToMarker =
  (marker: string): Belonging =>
  (all) =>
    all.filter(({ pid }) => hasInEnvironment(pid, marker));

/**
 * The descendants of a process, and what was started with `marker` in its environment: a process whose parent
 * has ended is nobody's descendant any more, but it still has the environment that it inherited. One that did
 * away with both is not found; only a user id of its own finds that.
 */
export const belongingToLeader =
  (leader: number, marker: string): Belonging =>
  (all) => {
    const family = new Set([leader]);
    let before = 0;
    while (family.size > before) {
      before = family.size;
      for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
    }
    return all.filter(({ pid }) => family.has(pid) || hasInEnvironment(pid, marker));
  };

/** Ends whatever belongs, and what that starts meanwhile. How many are left: 0 but for a fault. */
export const endProcesses = async (belonging: Belonging): Promise<number> => {
  let left = belonging(readProcesses());
  for (let round = 0; left.length > 0 && round < MAX_ROUNDS; round += 1) {
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself, or not ours to end: the next round tells which.
      }
    }
    await sleep(ROUND_MS);
    left = belonging(readProcesses());
  }
  return left.length;
};

/** Proportional: a page that n processes share counts 1/n in each. Undefined where the system does not tell. */
const proportionalBytes = (pid: number): number | undefined => {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readText(`${PROC}/${pid}/smaps_rollup`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
};

/**
 * Whether an attempt's processes have more than `limitBytes` of memory together. Shared pages are counted once
 * where that can be known; finding out is slow, and done only when the plain sum is beyond the limit.
 */
export const exceedsMemory = (belonging: Belonging, limitBytes: number): boolean => {
  const isBeyond = (): boolean => {
    const members = belonging(readProcesses());
    const resident = members.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    if (resident <= limitBytes || members.length === 1) return resident > limitBytes;
    const exact = members.reduce(
      (sum, { pid, residentBytes }) => sum + (proportionalBytes(pid) ?? residentBytes),
      0,
    );
    return exact > limitBytes;
  };
  // Twice: while processes that share pages end, the share of each that is left grows from one reading to the next.
  return isBeyond() && isBeyond();
};

/** Whether there is a process of that number. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process has that number, so it is not the one that wrote it.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
};
