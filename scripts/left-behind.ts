/**
 * The folder of temporary files of a run of tests, and the end of every Gantry that has its data folder there: tests
 * stop their own, but those that were interrupted or killed cannot.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRunning } from '../local/data-folder.ts';
import { endProcesses, isAlive, recordedProcesses } from '../local/processes.ts';
import { killAllOf } from '../test/support/processes-of.ts';

const GRACE_MS = 10_000;
const POLL_MS = 100;

/** A Gantry that still has the folder ends what it has started. */
const endGantry = async (dataDirectory: string): Promise<void> => {
  const pid = readRunning(dataDirectory)?.pid;
  if (pid === undefined) return;
  process.kill(pid, 'SIGTERM');
  while (isAlive(pid)) await sleep(POLL_MS);
};

/** Ends what runs for the data folders in `folder`, a Gantry first; returns how many other processes there were. */
export const endLeftBehind = async (folder: string): Promise<number> => {
  let ended = 0;
  for (const name of readdirSync(folder)) {
    const pids = join(folder, name, 'pids');
    if (!existsSync(pids)) continue;
    await endGantry(join(folder, name));
    const left = [pids, join(pids, 'containers')].flatMap((path) =>
      existsSync(path) ? recordedProcesses(path) : [],
    );
    await endProcesses(left, GRACE_MS);
    ended += left.length;
  }
  // Installations and deployments that were under way. Without /proc they end by themselves.
  if (existsSync('/proc/self/environ')) ended += killAllOf(folder);
  return ended;
};

/** Runs `action` with a new folder of temporary files; nothing of it is left, but what GANTRY_KEEP_DATA keeps. */
export const withTemporaryFolder = async <T>(
  action: (folder: string) => Promise<T>,
): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-'));
  // Tests make users of their own a way to their folders.
  chmodSync(folder, 0o711);
  try {
    return await action(folder);
  } finally {
    await endLeftBehind(folder);
    if (process.env['GANTRY_KEEP_DATA'] === undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
};
