/** A Python process as leader of a group of its own, under its own user id where it has one. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** The worker's Python could not be started at all. */
export class PythonNotStarted extends Error {
  override readonly name = 'PythonNotStarted';
}

export interface PythonStart {
  readonly python: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** That nobody else on this computer has; without one it runs under the runner's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

interface PythonProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly leader: number;
}

/** Resolves when it runs; throws {@link PythonNotStarted}. */
export const startPython = async (start: PythonStart): Promise<PythonProcess> => {
  const { user } = start;
  const child = spawn(start.python, [...start.arguments], {
    cwd: start.workingDirectory,
    env: start.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    // With a user id, Node takes the runner's supplementary groups away too.
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  // One that has ended reads nothing more; how it ended is told elsewhere.
  child.stdin.on('error', () => undefined);
  const leader = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => {
      resolve(child.pid ?? 0);
    });
    child.once('error', (error) => {
      reject(new PythonNotStarted(`the worker's Python could not be started: ${error.message}`));
    });
  });
  return { child, leader };
};

/** How it ended; also when it has already. */
export const exitOf = ({
  child,
}: PythonProcess): Promise<{ readonly code: number | null; readonly signal: string | null }> =>
  new Promise((resolve) => {
    const { exitCode, signalCode } = child;
    if (exitCode !== null || signalCode !== null) resolve({ code: exitCode, signal: signalCode });
    else
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
  });
