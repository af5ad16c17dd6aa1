/**
 * Whether this runner can give each attempt a user id of its own. It needs the right to set user ids (root), and
 * a Python and a work folder that another user can reach: in a clone below a home folder of mode 0700 they
 * cannot be. One trial at the start tells, so that a job never meets the difference.
 */
import { execFile } from 'node:child_process';
import type { AttemptUser, UserIds } from './user-ids.ts';

/** Callbacks must run under user ids of their own here, and cannot. */
export class IsolationImpossible extends Error {
  override readonly name = 'IsolationImpossible';
}

const TRIAL_TIMEOUT_MS = 30_000;
/** Everything that a callback's process does before it calls the callback, as far as rights go. */
const TRIAL = `
import importlib.util, os, sys
import gantry_worker
if importlib.util.find_spec("dcm_processor_service") is None:
    sys.exit("dcm_processor_service cannot be imported")
os.stat(os.path.join(sys.argv[1], "."))
`;

export interface IsolationOptions {
  readonly python: string;
  /** The runner's `PATH`. */
  readonly path: string;
  /** Where attempts will have their folders. */
  readonly folder: string;
  readonly users: UserIds;
}

const trial = (
  { python, path, folder }: IsolationOptions,
  { uid, gid }: AttemptUser,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(
      python,
      ['-c', TRIAL, folder],
      { cwd: '/', env: { PATH: path, LANG: 'C.UTF-8' }, timeout: TRIAL_TIMEOUT_MS, uid, gid },
      (error, _stdout, stderr) => {
        if (error === null) resolve(undefined);
        else resolve(stderr.trim() === '' ? error.message : stderr.trim().split('\n').at(-1));
      },
    );
  });

/** Why attempts cannot have user ids of their own here; undefined when they can. */
export const whyNotIsolated = async (options: IsolationOptions): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'only on Linux can a runner end all that a user id runs';
  if (process.getuid?.() !== 0) return 'the runner is not root, so it cannot set user ids';
  try {
    const user = await options.users.take();
    try {
      const problem = await trial(options, user);
      return problem === undefined
        ? undefined
        : `under another user id, the worker's Python or the work folder cannot be used (${problem})`;
    } finally {
      await user.release();
    }
  } catch (error) {
    return `no user id could be had: ${error instanceof Error ? error.message : String(error)}`;
  }
};
