/**
 * The operating-system side of an attempt: one Python process with its output, its limits of time and memory,
 * and its end. When it has ended, so has everything that it started: what runs under its user id, or, where it
 * has none of its own, what can be recognised as its own (see ../isolation/processes.ts).
 */
import { belongingToLeader, belongingToUser, endProcesses } from '../isolation/processes.ts';
import type { Sandboxed } from '../isolation/sandbox.ts';
import { withinLimits, type AttemptLimits, type EndedBy } from './attempt-limits.ts';
import { startPython } from './python-process.ts';

/** How long the output of a process that has ended may still be held open by one that could not be ended. */
const OUTPUT_GRACE_MS = 1000;

export type ProcessEnd =
  /** The callback returned in a process that lives on. */
  | { readonly kind: 'returned' }
  | { readonly kind: 'exited'; readonly code: number | null; readonly signal: string | null }
  | { [K in EndedBy]: { readonly kind: K } }[EndedBy];

export interface CallbackProcess extends AttemptLimits {
  readonly python: string;
  readonly attemptFolder: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** That nobody else on this computer has; without one it runs under the runner's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly sandboxed: Sandboxed | undefined;
  /** A text of the environment that is this attempt's alone. */
  readonly marker: string;
  readonly onOutput: (chunk: Buffer) => void;
}

export const runCallbackProcess = async (options: CallbackProcess): Promise<ProcessEnd> => {
  const { user } = options;
  const python = await startPython({
    ...options,
    arguments: ['-m', 'gantry_worker', options.attemptFolder],
  });
  const { stdin, stdout, stderr } = python;
  stdin.end();
  stdout.on('data', options.onOutput);
  stderr.on('data', options.onOutput);
  const belonging =
    user === undefined
      ? belongingToLeader(python.leader, options.marker)
      : belongingToUser(user.uid);

  const { endedBy, finished } = await withinLimits(python, belonging, options, python.exited);
  // Whatever it left running goes with it: its group or sandbox, and who left the group.
  python.signal('SIGKILL');
  await endProcesses(belonging);
  const grace = setTimeout(() => {
    stdout.destroy();
    stderr.destroy();
  }, OUTPUT_GRACE_MS);
  await python.closed;
  clearTimeout(grace);
  return endedBy === undefined ? { kind: 'exited', ...finished } : { kind: endedBy };
};
