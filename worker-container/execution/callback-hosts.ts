/**
 * Where callbacks run: in a process that is started for one attempt, or, for jobs with `keepWarm`, in one that
 * stays. A process that stays has a user id of its own for its life, and belongs to one version of one service and
 * to one session, unless the job says that it may serve all. Of each job it gets that job's folder, socket and
 * token, which are gone at the job's end.
 */
import { chmod, chown, mkdtemp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttemptUser, UserIds } from '../isolation/user-ids.ts';
import { runCallbackProcess, type ProcessEnd } from './callback-process.ts';
import type { ServiceJob } from './job-document.ts';
import { startWarmProcess, type WarmJob, type WarmProcess } from './warm-process.ts';

/** The place of one attempt. */
export interface CallbackHost {
  /** Of the process that calls the callback; undefined: the runner's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  run(job: WarmJob, module: string): Promise<ProcessEnd>;
  /** How many processes of the attempt could not be ended. */
  release(): Promise<number>;
}

export interface CallbackHosts {
  /** `python`: path of the worker's. */
  take(job: ServiceJob, python: string): Promise<CallbackHost>;
  /** Ends the processes that stayed. */
  close(): Promise<void>;
}

interface Warm {
  readonly key: string;
  readonly python: string;
  readonly user: AttemptUser | undefined;
  process?: WarmProcess;
  folder?: string;
}

/** Whose jobs may share a process; undefined: nobody's. */
const keyOf = ({ job, serviceHash }: ServiceJob, python: string): string | undefined =>
  job.keepWarm === undefined
    ? undefined
    : `${serviceHash} ${job.keepWarm === 'session' ? job.sessionId : 'all'} ${python}`;

export const callbackHosts = (options: {
  /** The runner's own `PATH`. */
  readonly path: string;
  readonly users: UserIds | undefined;
  /** Below which a warm process has a folder; others may traverse it. */
  readonly folder: string;
  /** Processes that stay, those that wait and those that work together. */
  readonly maxWarm: number;
}): CallbackHosts => {
  const { path, users } = options;
  /** That wait for a job, the one used longest ago first. */
  const idle: Warm[] = [];
  let busy = 0;

  const endWarm = async (warm: Warm): Promise<number> => {
    await warm.process?.end();
    const left = (await warm.user?.release()) ?? 0;
    if (warm.folder !== undefined) await rm(warm.folder, { recursive: true, force: true });
    return left;
  };

  const processOf = async (warm: Warm, module: string): Promise<WarmProcess> => {
    if (warm.process !== undefined) return warm.process;
    const folder = await mkdtemp(join(options.folder, 'warm-'));
    warm.folder = folder;
    await symlink(module, join(folder, 'service_module'));
    // Its group tells the next runner whose processes to end, should this one be killed.
    if (warm.user !== undefined) await chown(folder, 0, warm.user.gid);
    await chmod(folder, 0o750);
    const environment = {
      PATH: path,
      LANG: 'C.UTF-8',
      GANTRY_RUNNER_PID: String(process.pid),
    };
    const { user, python } = warm;
    warm.process = await startWarmProcess(
      { python, workingDirectory: '/', environment, user },
      folder,
    );
    return warm.process;
  };

  const warmHost = async (key: string, python: string): Promise<CallbackHost> => {
    const at = idle.findLastIndex((one) => one.key === key);
    const [found] = at === -1 ? [] : idle.splice(at, 1);
    busy += 1;
    while (idle.length > 0 && idle.length + busy > options.maxWarm) {
      const oldest = idle.shift();
      if (oldest !== undefined) await endWarm(oldest);
    }
    const warm = found ?? { key, python, user: await users?.take() };
    return {
      user: warm.user,
      run: async (job, module) => (await processOf(warm, module)).run(job),
      release: async () => {
        busy -= 1;
        if (warm.process?.isFit() !== true) return endWarm(warm);
        idle.push(warm);
        return 0;
      },
    };
  };

  const freshHost = async (python: string): Promise<CallbackHost> => {
    const user = await users?.take();
    return {
      user,
      run: (job) => runCallbackProcess({ ...job, python, user }),
      release: async () => (await user?.release()) ?? 0,
    };
  };

  return {
    take: (job, python) => {
      const key = keyOf(job, python);
      return key === undefined ? freshHost(python) : warmHost(key, python);
    },
    close: async () => {
      await Promise.all(idle.splice(0).map(endWarm));
    },
  };
};
