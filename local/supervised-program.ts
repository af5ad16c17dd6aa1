/**
 * A program that is started again when it ends by itself, as an ECS service does with its tasks: after a pause that
 * doubles from one end to the next, and begins anew once the program has run long enough.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProgram, ProgramEnded } from './child-program.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A program that ran for so long did not end because of how it was started. */
const STEADY_MS = 60_000;

export interface SupervisionOptions {
  /** Starts it once more. */
  start(): Promise<ChildProgram>;
  /** Told of each end, and after how many milliseconds the program is started again. */
  onEnd(failure: ProgramEnded, pauseMs: number): void;
}

export interface SupervisedProgram {
  /** Resolves when the program could not even be started again: it is not there any more then. */
  readonly failed: Promise<Error>;
  /** No further start, and as {@link ChildProgram.stop}; milliseconds. */
  stop(graceMs: number): Promise<void>;
}

/** Keeps a program running, which was started already and works, until it is stopped. */
export const supervise = (first: ChildProgram, options: SupervisionOptions): SupervisedProgram => {
  const stopping = new AbortController();
  let current = Promise.resolve(first);

  const keepRunning = async (): Promise<never> => {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const program = await current;
      const startedAt = performance.now();
      const failure = await program.ended;
      if (performance.now() - startedAt > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      options.onEnd(failure, pauseMs);
      await sleep(pauseMs, undefined, { signal: stopping.signal });
      current = options.start();
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  };

  const failed = new Promise<Error>((resolve) => {
    keepRunning().catch((error: unknown) => {
      if (stopping.signal.aborted) return;
      resolve(error instanceof Error ? error : new Error(String(error)));
    });
  });
  return {
    failed,
    stop: async (graceMs) => {
      stopping.abort();
      const program = await current.catch(() => undefined);
      await program?.stop(graceMs);
    },
  };
};
