/**
 * A Python process that stays: it calls one callback after the other of one service version, with its imports done
 * and its models loaded. Jobs go in as lines of JSON; what it prints is the log of the job that it is at, up to the
 * word that the runner told it to end that job's output with.
 */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  belongingToLeader,
  belongingToUser,
  endProcesses,
  readProcesses,
} from '../isolation/processes.ts';
import { withinLimits } from './attempt-limits.ts';
import type { CallbackProcess, ProcessEnd } from './callback-process.ts';
import { startPython, type PythonStart } from './python-process.ts';

/** As many jobs: a leak that nobody notices is ended with the process. */
const MAX_JOBS = 200;
/** By how much of a job's memory limit it may grow after its first job. */
const GROWTH_SHARE = 0.25;
const WORD_BYTES = 16;
/** How long the output of a process that has ended may still be held open by one that could not be ended. */
const OUTPUT_GRACE_MS = 1000;

export type WarmJob = Omit<CallbackProcess, 'python' | 'user' | 'sandboxed'>;

export interface WarmProcess {
  /** One at a time. `returned` leaves it alive; every other end is the end of the process. */
  run(job: WarmJob): Promise<ProcessEnd>;
  /** False when it has ended, has had its number of jobs, or has grown. */
  isFit(): boolean;
  end(): Promise<void>;
}

/** Passes output on until `word`; keeps back as much of it as may be the beginning of the word. */
const outputUntil = (source: Readable, word: Buffer, pass: (chunk: Buffer) => void) => {
  let held: Buffer = Buffer.alloc(0);
  const ended = Promise.withResolvers<undefined>();
  const take = (chunk: Buffer) => {
    const bytes = Buffer.concat([held, chunk]);
    const at = bytes.indexOf(word);
    const passed = at === -1 ? Math.max(0, bytes.length - word.length + 1) : at;
    if (passed > 0) pass(bytes.subarray(0, passed));
    held = at === -1 ? bytes.subarray(passed) : Buffer.alloc(0);
    if (at !== -1) ended.resolve(undefined);
  };
  source.on('data', take);
  return {
    ended: ended.promise,
    stop: () => {
      source.off('data', take);
      if (held.length > 0) pass(held);
    },
  };
};

export const startWarmProcess = async (
  start: Omit<PythonStart, 'arguments'>,
  /** Holds the link to the module for as long as the process lives. */
  moduleFolder: string,
): Promise<WarmProcess> => {
  const python = await startPython({
    ...start,
    arguments: ['-m', 'gantry_worker.warm', moduleFolder],
  });
  const { stdin, stdout, stderr, exited } = python;
  const { user } = start;
  // Before any job, and after the end of one, nobody listens: what is printed then is nobody's.
  stdout.resume();
  stderr.resume();
  let alive = true;
  void exited.then(() => (alive = false));
  let jobs = 0;
  let firstBytes: number | undefined;
  let grown = false;

  const belongingTo = (marker: string) =>
    user === undefined ? belongingToLeader(python.leader, marker) : belongingToUser(user.uid);

  /** What the callback left running must not see the next job. */
  const endItsChildren = (marker: string): Promise<number> =>
    endProcesses((all) => belongingTo(marker)(all).filter((one) => !python.isItself(one)));

  const noteGrowth = (limitBytes: number): void => {
    const itself = readProcesses().filter((one) => python.isItself(one));
    const resident = itself.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    firstBytes ??= resident;
    grown ||= resident - firstBytes > limitBytes * GROWTH_SHARE;
  };

  return {
    run: async (job) => {
      jobs += 1;
      const word = randomBytes(WORD_BYTES).toString('hex');
      const output = outputUntil(stdout, Buffer.from(word), job.onOutput);
      const { attemptFolder, workingDirectory, environment } = job;
      stdin.write(
        `${JSON.stringify({ attempt: attemptFolder, workingDirectory, environment, word })}\n`,
      );
      const belonging = belongingTo(job.marker);
      const { endedBy, finished } = await withinLimits(
        python,
        belonging,
        job,
        Promise.race([output.ended, exited]),
      );
      if (endedBy !== undefined || finished !== undefined) {
        alive = false;
        python.signal('SIGKILL');
        await endProcesses(belonging);
        // What it printed last may still be on its way.
        await Promise.race([python.closed, sleep(OUTPUT_GRACE_MS)]);
        output.stop();
        return endedBy === undefined
          ? { kind: 'exited', code: null, signal: null, ...finished }
          : { kind: endedBy };
      }
      output.stop();
      if ((await endItsChildren(job.marker)) > 0) grown = true;
      noteGrowth(job.memoryLimitBytes);
      return { kind: 'returned' };
    },
    isFit: () => alive && !grown && jobs < MAX_JOBS,
    end: async () => {
      python.signal('SIGKILL');
      await exited;
    },
  };
};
