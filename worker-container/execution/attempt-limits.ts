/**
 * What ends a callback's processes from outside: its limits of time and memory, a runner that is to stop, a job
 * that was cancelled. SIGTERM first where the callback may clean up, SIGKILL after that.
 */
import { exceedsMemory, type Belonging } from '../isolation/processes.ts';
import type { PythonProcess } from './python-process.ts';

/** Between SIGTERM, which lets a callback clean up, and SIGKILL, which it cannot ignore. */
const TERM_GRACE_MS = 5000;
const MEMORY_WATCH_MS = 1000;

export interface AttemptLimits {
  /** Counts from the call. */
  readonly timeoutMs: number;
  /** Of the process and what it starts, together. */
  readonly memoryLimitBytes: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Ends it as a time limit does: it may clean up before. */
  readonly cancelled: AbortSignal;
  readonly termGraceMs?: number;
}

/** `aborted`: because the runner was told to, not for a reason of its own. */
export type EndedBy = 'timed-out' | 'memory-exceeded' | 'aborted';

/**
 * Waits for `finished`, which comes to its end when the processes do, and ends them when a limit is reached. Says
 * which, and what `finished` brought.
 */
export const withinLimits = async <T>(
  python: Pick<PythonProcess, 'signal'>,
  belonging: Belonging,
  { signal, cancelled, ...limits }: AttemptLimits,
  finished: Promise<T>,
): Promise<{ readonly endedBy: EndedBy | undefined; readonly finished: T }> => {
  let endedBy: EndedBy | undefined;
  let killer: NodeJS.Timeout | undefined;
  const endGently = (why: EndedBy) => {
    if (endedBy !== undefined) return;
    endedBy = why;
    python.signal('SIGTERM');
    killer = setTimeout(() => {
      python.signal('SIGKILL');
    }, limits.termGraceMs ?? TERM_GRACE_MS);
  };
  const timer = setTimeout(() => {
    endGently('timed-out');
  }, limits.timeoutMs);
  const memoryWatch = setInterval(() => {
    if (!exceedsMemory(belonging, limits.memoryLimitBytes)) return;
    endedBy ??= 'memory-exceeded';
    python.signal('SIGKILL');
  }, MEMORY_WATCH_MS);
  const abort = () => {
    endedBy ??= 'aborted';
    python.signal('SIGKILL');
  };
  const cancel = () => {
    endGently('aborted');
  };
  signal.addEventListener('abort', abort);
  cancelled.addEventListener('abort', cancel);
  if (signal.aborted) abort();
  if (cancelled.aborted) cancel();
  try {
    const brought = await finished;
    return { endedBy, finished: brought };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    clearInterval(memoryWatch);
    signal.removeEventListener('abort', abort);
    cancelled.removeEventListener('abort', cancel);
  }
};
