/**
 * Which isolation callbacks can have here: a user id of each attempt's own, a sandbox, both or none. The first takes
 * the right to set user ids (root), the second bubblewrap and the right to make name spaces; a Python that only its
 * owner can reach rules the first out, unless a sandbox shows it. Trials at the start tell, so that a job never
 * meets the difference.
 */
import { chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { Isolation as IsolationKind } from '../../core/contracts/vocabulary.ts';
import { startPython } from '../execution/python-process.ts';
import type { WorkFolder } from '../work-folder.ts';
import { openSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import { userIds, type UserIds } from './user-ids.ts';

/** Callbacks must run under user ids of their own here, and cannot. */
export class IsolationImpossible extends Error {
  override readonly name = 'IsolationImpossible';
}

export interface Isolation {
  readonly kind: IsolationKind;
  readonly users: UserIds | undefined;
  readonly sandbox: Sandbox | undefined;
  /** Why there are no user ids, or no sandbox. */
  readonly lacks: readonly string[];
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

export interface IsolationOptions extends Omit<SandboxOptions, 'folders'> {
  /** Where attempts will have their folders. */
  readonly folder: string;
  /** What a sandbox shows beside the system, as it is; undefined: there is to be none. */
  readonly sandboxFolders: readonly string[] | undefined;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** What Python says if it does not come to the end of the trial. */
const tryPython = async (
  { python, path, folder }: IsolationOptions,
  users: UserIds | undefined,
  sandbox: Sandbox | undefined,
): Promise<string | undefined> => {
  const user = await users?.take();
  const temporary = await mkdtemp(join(folder, 'trial-'));
  try {
    if (user !== undefined) await chown(temporary, user.uid, user.gid);
    const process = await startPython({
      ...{ python, user, arguments: ['-c', TRIAL, folder], workingDirectory: '/' },
      environment: { PATH: path, LANG: 'C.UTF-8' },
      sandboxed: sandbox && { sandbox, view: { temporary, readable: [folder], writable: [] } },
    });
    const timer = setTimeout(() => {
      process.signal('SIGKILL');
    }, TRIAL_TIMEOUT_MS);
    process.stdin.end();
    process.stdout.resume();
    const said = (await text(process.stderr)).trim().split('\n').at(-1);
    const { code, signal } = await process.exited;
    clearTimeout(timer);
    if (code === 0) return undefined;
    return said === undefined || said === '' ? `it ended with ${String(signal ?? code)}` : said;
  } finally {
    await user?.release();
    await rm(temporary, { recursive: true, force: true });
  }
};

const whyNot = (...trial: Parameters<typeof tryPython>): Promise<string | undefined> =>
  tryPython(...trial).catch(messageOf);

const whyNoUserIds = (): string | undefined => {
  if (process.platform !== 'linux') return 'only on Linux can a runner end all that a user id runs';
  return process.getuid?.() === 0 ? undefined : 'the runner is not root, so it cannot set user ids';
};

const sandboxOrReason = async ({
  sandboxFolders,
  ...options
}: IsolationOptions): Promise<Sandbox | string> => {
  if (process.platform !== 'linux') return 'there is bubblewrap on Linux only';
  if (sandboxFolders === undefined) return 'the settings say so';
  return openSandbox({ ...options, folders: sandboxFolders }).catch(messageOf);
};

/** What can be had, and what not for which reason. */
export const findIsolation = async (options: IsolationOptions): Promise<Isolation> => {
  const noUserIds = whyNoUserIds();
  const users = noUserIds === undefined ? userIds() : undefined;
  const lacks = noUserIds === undefined ? [] : [`no user ids: ${noUserIds}`];
  const sandbox = await sandboxOrReason(options);
  if (typeof sandbox === 'string') lacks.push(`no sandbox: ${sandbox}`);
  else {
    const problem = await whyNot(options, users, sandbox);
    if (problem === undefined) {
      return {
        kind: users === undefined ? 'sandbox' : 'user-ids-and-sandbox',
        users,
        sandbox,
        lacks,
      };
    }
    lacks.push(`no sandbox: bubblewrap does not work here (${problem})`);
  }
  if (users === undefined) return { kind: 'none', users, sandbox: undefined, lacks };
  const problem = await whyNot(options, users, undefined);
  if (problem === undefined) return { kind: 'user-ids', users, sandbox: undefined, lacks };
  const unusable = `under another user id, the worker's Python or the work folder cannot be used (${problem})`;
  return {
    ...{ kind: 'none', users: undefined, sandbox: undefined },
    lacks: [...lacks, `no user ids: ${unusable}`],
  };
};

/** Once for a program's life, before its first callback; throws {@link IsolationImpossible}. */
export const requiredIsolation = async (
  settings: Omit<IsolationOptions, 'folder' | 'hidden'> & {
    readonly workDirectory: string;
    readonly isolationRequired: boolean;
  },
  folder: Pick<WorkFolder, 'attempts' | 'makePrivate'>,
  logger: Pick<Logger, 'info' | 'warn'>,
): Promise<Isolation> => {
  // On one computer, its neighbours are the embedded cloud's tables and objects.
  const hidden = dirname(await realpath(settings.workDirectory));
  const isolation = await findIsolation({ ...settings, folder: folder.attempts, hidden });
  const { kind, users, lacks } = isolation;
  if (users === undefined && settings.isolationRequired) {
    throw new IsolationImpossible(lacks.join('; '));
  }
  const facts = { isolation: kind, ...(lacks.length === 0 ? {} : { reason: lacks.join('; ') }) };
  if (kind === 'none') logger.warn('nothing keeps callbacks from what is not their job’s', facts);
  else logger.info('callbacks are kept to their own job', facts);
  if (users === undefined) await folder.makePrivate();
  return isolation;
};
