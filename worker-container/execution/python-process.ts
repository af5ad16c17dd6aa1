/**
 * A Python process as leader of a group of its own, under its own user id where it has one, and in a sandbox where
 * there is one. Then the child is bubblewrap, and its signals and ends are not those of Python: what is told and
 * done here is what Python's would be.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ProcessFacts } from '../isolation/processes.ts';
import { placedCommand, type PythonCommand, type Sandboxed } from '../isolation/sandbox.ts';

/** The worker's Python could not be started at all. */
export class PythonNotStarted extends Error {
  override readonly name = 'PythonNotStarted';
}

export interface PythonStart extends PythonCommand {
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Without a sandbox it sees what its user may see. */
  readonly sandboxed: Sandboxed | undefined;
}

export interface PythonProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Of whom all that it starts descends, as long as no parent ends before its child. */
  readonly leader: number;
  /** How Python ended; also when it has already. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** When nobody holds its output open any more. */
  readonly closed: Promise<unknown>;
  /** To the group. SIGKILL ends whatever is in the sandbox, if there is one. Nobody may be left. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Whether it is Python itself, or bubblewrap around it; all others were started by code of a service. */
  isItself(one: ProcessFacts): boolean;
}

const INFO_DESCRIPTOR = 3;
/** Bubblewrap's own process is the first of the sandbox, Python the second. */
const FIRST = 1;
const SECOND = 2;
/** What bubblewrap adds to a signal's number, as shells do. */
const BY_SIGNAL = 128;

/** ESRCH: nobody is left, which is what was wanted. */
const signalIfThere = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

const exitOf = (
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: string | null }> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });

const signalOf = (code: number): string | undefined =>
  Object.entries(constants.signals).find(([, number]) => number === code - BY_SIGNAL)?.[0];

/** Resolves when it runs; throws {@link PythonNotStarted}. */
export const startPython = async (start: PythonStart): Promise<PythonProcess> => {
  const { sandboxed, environment } = start;
  const command = await placedCommand(start, sandboxed, INFO_DESCRIPTOR);
  const child = spawn(command.program, [...command.arguments], {
    ...command.options,
    // The parent that Python sees in a sandbox is its first process, which ends with the runner.
    env: sandboxed === undefined ? environment : { ...environment, GANTRY_RUNNER_PID: `${FIRST}` },
    stdio: ['pipe', 'pipe', 'pipe', sandboxed === undefined ? 'ignore' : 'pipe'],
    detached: true,
  });
  const { stdin, stdout, stderr } = child as typeof child & {
    stdin: Writable;
    stdout: Readable;
    stderr: Readable;
  };
  // One that has ended reads nothing more; how it ended is told elsewhere.
  stdin.on('error', () => undefined);
  const exited = exitOf(child);
  const closed = once(child, 'close');
  closed.catch(() => undefined);
  const outer = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => {
      resolve(child.pid ?? 0);
    });
    child.once('error', (error) => {
      reject(new PythonNotStarted(`the worker's Python could not be started: ${error.message}`));
    });
  });
  const streams = { stdin, stdout, stderr, closed };
  if (sandboxed === undefined) {
    return {
      ...streams,
      leader: outer,
      exited,
      signal: (signal) => {
        signalIfThere(-outer, signal);
      },
      isItself: ({ pid }) => pid === outer,
    };
  }
  const info = await text(child.stdio[INFO_DESCRIPTOR] as Readable);
  const first = Number(/"child-pid":\s*(\d+)/.exec(info)?.[1] ?? 0);
  if (first === 0) {
    throw new PythonNotStarted(`no sandbox could be made: ${(await text(stderr)).trim()}`);
  }
  return {
    ...streams,
    leader: first,
    exited: exited.then(({ code, signal }) =>
      code !== null && signalOf(code) !== undefined
        ? { code: null, signal: signalOf(code) ?? null }
        : { code, signal },
    ),
    signal: (signal) => {
      if (signal === 'SIGKILL') {
        signalIfThere(first, signal);
        signalIfThere(outer, signal);
      }
      // The first one of a sandbox hears no SIGTERM, and is of the group of Python.
      else signalIfThere(-first, signal);
    },
    isItself: ({ pid, parent, pidInNamespace }) =>
      pid === outer || pid === first || (parent === first && pidInNamespace === SECOND),
  };
};
