/**
 * The operating-system side of an attempt: one Python process with its output, its limits of time and memory,
 * and its end. When it has ended, so has everything that it started: what runs under its user id, or, where it
 * has none of its own, what can be recognised as its own (see ../isolation/processes.ts).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  belongingToLeader,
  belongingToUser,
  endProcesses,
  exceedsMemory,
} from '../isolation/processes.ts';

/** Between SIGTERM, which lets a callback clean up, and SIGKILL, which it cannot ignore. */
const TERM_GRACE_MS = 5000;
/** How long the output of a process that has ended may still be held open by one that could not be ended. */
const OUTPUT_GRACE_MS = 1000;
const MEMORY_WATCH_MS = 1000;

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'memory-exceeded' }
  /** Ended because the runner was told to, not for a reason of its own. */
  | { readonly kind: 'aborted' };

/** The worker's Python could not be started at all. */
export class PythonNotStarted extends Error {
  override readonly name = 'PythonNotStarted';
}

export interface CallbackProcess {
  readonly python: string;
  readonly attemptFolder: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** That nobody else on this computer has; without one it runs under the runner's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** A text of the environment that is this attempt's alone. */
  readonly marker: string;
  /** Counts from the start of the process. */
  readonly timeoutMs: number;
  /** Of the process and what it starts, together. */
  readonly memoryLimitBytes: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Ends it as a time limit does: it may clean up before. */
  readonly cancelled: AbortSignal;
  readonly onOutput: (chunk: Buffer) => void;
  readonly termGraceMs?: number;
}

const killGroup = (leader: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // ESRCH: nobody of the group is left, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

export const runCallbackProcess = async (options: CallbackProcess): Promise<ProcessEnd> => {
  const { user, signal, cancelled } = options;
  const child = spawn(options.python, ['-m', 'gantry_worker', options.attemptFolder], {
    cwd: options.workingDirectory,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    // With a user id, Node takes the runner's supplementary groups away too.
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  child.stdout.on('data', options.onOutput);
  child.stderr.on('data', options.onOutput);
  const closed = once(child, 'close');
  closed.catch(() => undefined);
  const started = new Promise<number>((resolve, reject) => {
    child.once('spawn', () => {
      resolve(child.pid ?? 0);
    });
    child.once('error', (error) => {
      reject(new PythonNotStarted(`the worker's Python could not be started: ${error.message}`));
    });
  });
  const leader = await started;
  const belonging =
    user === undefined ? belongingToLeader(leader, options.marker) : belongingToUser(user.uid);

  let end: Exclude<ProcessEnd['kind'], 'exited'> | undefined;
  let killer: NodeJS.Timeout | undefined;
  const endGently = (why: 'timed-out' | 'aborted') => {
    if (end !== undefined) return;
    end = why;
    killGroup(leader, 'SIGTERM');
    killer = setTimeout(() => {
      killGroup(leader, 'SIGKILL');
    }, options.termGraceMs ?? TERM_GRACE_MS);
  };
  const timer = setTimeout(() => {
    endGently('timed-out');
  }, options.timeoutMs);
  const memoryWatch = setInterval(() => {
    if (!exceedsMemory(belonging, options.memoryLimitBytes)) return;
    end ??= 'memory-exceeded';
    killGroup(leader, 'SIGKILL');
  }, MEMORY_WATCH_MS);
  const abort = () => {
    end ??= 'aborted';
    killGroup(leader, 'SIGKILL');
  };
  const cancel = () => {
    endGently('aborted');
  };
  signal.addEventListener('abort', abort);
  cancelled.addEventListener('abort', cancel);
  if (signal.aborted) abort();
  if (cancelled.aborted) cancel();

  try {
    const [code, exitSignal] = (await (child.exitCode !== null || child.signalCode !== null
      ? [child.exitCode, child.signalCode]
      : once(child, 'exit'))) as [number | null, string | null];
    // Whatever it left running goes with it: its group, and who left the group.
    killGroup(leader, 'SIGKILL');
    await endProcesses(belonging);
    const grace = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, OUTPUT_GRACE_MS);
    await closed;
    clearTimeout(grace);
    return end === undefined ? { kind: 'exited', code, signal: exitSignal } : { kind: end };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    clearInterval(memoryWatch);
    signal.removeEventListener('abort', abort);
    cancelled.removeEventListener('abort', cancel);
  }
};
