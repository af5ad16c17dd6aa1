/**
 * The operating-system side of an attempt: one Python process in a process group of its own, with its output,
 * its time limit and its end. When it has ended, so has everything that it started in its group.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Between SIGTERM, which lets a callback clean up, and SIGKILL, which it cannot ignore. */
const TERM_GRACE_MS = 5000;
/** How long the output of a process that has ended may still be held open by one that left its group. */
const OUTPUT_GRACE_MS = 1000;

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: 'timed-out' }
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
  /** Counts from the start of the process. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
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
  const child = spawn(options.python, ['-m', 'gantry_worker', options.attemptFolder], {
    cwd: options.workingDirectory,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
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

  let end: 'timed-out' | 'aborted' | undefined;
  let killer: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    end = 'timed-out';
    killGroup(leader, 'SIGTERM');
    killer = setTimeout(() => {
      killGroup(leader, 'SIGKILL');
    }, options.termGraceMs ?? TERM_GRACE_MS);
  }, options.timeoutMs);
  const abort = () => {
    end ??= 'aborted';
    killGroup(leader, 'SIGKILL');
  };
  options.signal.addEventListener('abort', abort);
  if (options.signal.aborted) abort();

  try {
    const [code, signal] = (await (child.exitCode !== null || child.signalCode !== null
      ? [child.exitCode, child.signalCode]
      : once(child, 'exit'))) as [number | null, string | null];
    // Whatever it left running in its group goes with it.
    killGroup(leader, 'SIGKILL');
    const grace = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, OUTPUT_GRACE_MS);
    await closed;
    clearTimeout(grace);
    return end === undefined ? { kind: 'exited', code, signal } : { kind: end };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    options.signal.removeEventListener('abort', abort);
  }
};
