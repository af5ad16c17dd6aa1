/**
 * Where callbacks run: in a process that is started for one attempt, or, for jobs with `keepWarm`, in one that
 * stays. A process that stays has a user id of its own for its life, and belongs to one version of one service and
 * to one session, unless the job says that it may serve all. Of each job it gets that job's folder, socket and
 * token, which are gone at the job's end.
 */
import { chmod, chown, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SOCKETS_SEEN, type Sandbox, type Sandboxed, type View } from '../isolation/sandbox.ts';
import type { AttemptUser, UserIds } from '../isolation/user-ids.ts';
import { runCallbackProcess, type ProcessEnd } from './callback-process.ts';
import type { ServiceJob } from './job-document.ts';
import { startWarmProcess, type WarmJob, type WarmProcess } from './warm-process.ts';

/** Of an attempt, beside its folder. */
export interface AttemptFiles {
  /** Folder with the service's module. */
  readonly module: string;
  readonly images: string;
  readonly temporary: string;
  /** Folders that it may write beside its own. */
  readonly writable: readonly string[];
}

/** The place of one attempt. */
export interface CallbackHost {
  /** Of the process that calls the callback; undefined: the runner's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** Below which the attempt's folders and socket are to be: what the process sees. */
  readonly folders: {
    readonly attempts: string;
    readonly images: string | undefined;
    readonly sockets: string;
  };
  /** The path that a socket of that folder has for the process. */
  socketSeen(path: string): string;
  run(job: WarmJob, files: AttemptFiles): Promise<ProcessEnd>;
  /** How many processes of the attempt could not be ended. */
  release(): Promise<number>;
}

/** What decides about the process of a job. */
export type HostedJob = Pick<ServiceJob, 'serviceHash'> & {
  readonly job: Pick<ServiceJob['job'], 'keepWarm' | 'sessionId'>;
};

export interface CallbackHosts {
  /** `python`: path of the worker's. */
  take(job: HostedJob, python: string): Promise<CallbackHost>;
  /** Ends the processes that stayed. */
  close(): Promise<void>;
}

interface Warm {
  readonly key: string;
  readonly python: string;
  readonly user: AttemptUser | undefined;
  readonly folder: string;
  readonly sockets: string;
  process?: WarmProcess;
}

/** Who knows the name of something in it may reach it, if that lets him. */
const TRAVERSABLE = 0o711;

/** Whose jobs may share a process; undefined: nobody's. */
const keyOf = ({ job, serviceHash }: HostedJob, python: string): string | undefined =>
  job.keepWarm === undefined
    ? undefined
    : `${serviceHash} ${job.keepWarm === 'session' ? job.sessionId : 'all'} ${python}`;

export const callbackHosts = (options: {
  /** The runner's own `PATH`. */
  readonly path: string;
  readonly users: UserIds | undefined;
  readonly sandbox: Sandbox | undefined;
  /** Below which attempts and warm processes have folders, and doors to the runner; others may traverse them. */
  readonly attempts: string;
  readonly sockets: string;
  /** Processes that stay, those that wait and those that work together. */
  readonly maxWarm: number;
}): CallbackHosts => {
  const { path, users, sandbox } = options;
  /** That wait for a job, the one used longest ago first. */
  const idle: Warm[] = [];
  let busy = 0;

  const sandboxed = (view: View): Sandboxed | undefined => sandbox && { sandbox, view };

  const socketSeen = (socket: string): string =>
    sandbox === undefined ? socket : join(SOCKETS_SEEN, basename(socket));

  const makeSocketFolder = async (): Promise<string> => {
    const folder = await mkdtemp(`${options.sockets}/`);
    await chmod(folder, TRAVERSABLE);
    return folder;
  };

  /** A disk that is full, say, keeps no user id. */
  const withUser = async <T>(make: (user: AttemptUser | undefined) => Promise<T>): Promise<T> => {
    const user = await users?.take();
    try {
      return await make(user);
    } catch (error) {
      await user?.release();
      throw error;
    }
  };

  const endWarm = async ({ process, user, folder, sockets }: Warm): Promise<number> => {
    await process?.end();
    const left = (await user?.release()) ?? 0;
    for (const one of [folder, sockets]) await rm(one, { recursive: true, force: true });
    return left;
  };

  /** A folder that is seen whole and changed in part: `attempts` and `tmp`. */
  const makeWarm = async (
    key: string,
    python: string,
    user: AttemptUser | undefined,
  ): Promise<Warm> => {
    const folder = await mkdtemp(join(options.attempts, 'warm-'));
    for (const name of ['attempts', 'images']) {
      await mkdir(join(folder, name));
      await chmod(join(folder, name), TRAVERSABLE);
    }
    const temporary = join(folder, 'tmp');
    await mkdir(temporary, { mode: 0o700 });
    if (user !== undefined) {
      await chown(temporary, user.uid, user.gid);
      // Its group tells the next runner whose processes to end, should this one be killed.
      await chown(folder, 0, user.gid);
    }
    await chmod(folder, 0o750);
    return { key, python, user, folder, sockets: await makeSocketFolder() };
  };

  const processOf = async (
    warm: Warm,
    { module, writable }: AttemptFiles,
  ): Promise<WarmProcess> => {
    if (warm.process !== undefined) return warm.process;
    const { user, python, folder, sockets } = warm;
    await symlink(module, join(folder, 'service_module'));
    const environment = {
      PATH: path,
      LANG: 'C.UTF-8',
      GANTRY_RUNNER_PID: String(process.pid),
    };
    const view: View = {
      ...{ temporary: join(folder, 'tmp'), sockets },
      readable: [folder, module],
      writable: [join(folder, 'attempts'), ...writable],
    };
    warm.process = await startWarmProcess(
      { python, workingDirectory: '/', environment, user, sandboxed: sandboxed(view) },
      folder,
    );
    return warm.process;
  };

  const takeWarm = async (key: string, python: string): Promise<Warm> => {
    const at = idle.findLastIndex((one) => one.key === key);
    const [found] = at === -1 ? [] : idle.splice(at, 1);
    busy += 1;
    try {
      while (idle.length > 0 && idle.length + busy > options.maxWarm) {
        const oldest = idle.shift();
        if (oldest !== undefined) await endWarm(oldest);
      }
      return found ?? (await withUser((user) => makeWarm(key, python, user)));
    } catch (error) {
      busy -= 1;
      if (found !== undefined) idle.push(found);
      throw error;
    }
  };

  const warmHost = async (key: string, python: string): Promise<CallbackHost> => {
    const warm = await takeWarm(key, python);
    return {
      user: warm.user,
      folders: {
        attempts: join(warm.folder, 'attempts'),
        images: join(warm.folder, 'images'),
        sockets: warm.sockets,
      },
      socketSeen,
      run: async (job, files) => (await processOf(warm, files)).run(job),
      release: async () => {
        busy -= 1;
        if (warm.process?.isFit() !== true) return endWarm(warm);
        idle.push(warm);
        return 0;
      },
    };
  };

  const freshHost = async (
    python: string,
    user: AttemptUser | undefined,
  ): Promise<CallbackHost> => {
    const sockets = await makeSocketFolder();
    return {
      user,
      folders: { attempts: options.attempts, images: undefined, sockets },
      socketSeen,
      run: (job, { module, images, temporary, writable }) => {
        const view: View = {
          ...{ temporary, sockets },
          readable: [module, images],
          writable: [job.attemptFolder, ...writable],
        };
        return runCallbackProcess({ ...job, python, user, sandboxed: sandboxed(view) });
      },
      release: async () => {
        const left = (await user?.release()) ?? 0;
        await rm(sockets, { recursive: true, force: true });
        return left;
      },
    };
  };

  return {
    take: (job, python) => {
      const key = keyOf(job, python);
      return key === undefined
        ? withUser((user) => freshHost(python, user))
        : warmHost(key, python);
    },
    close: async () => {
      await Promise.all(idle.splice(0).map(endWarm));
    },
  };
};
