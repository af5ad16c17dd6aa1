/**
 * The virtual environments of this computer, made when a job first needs one and shared by all runners. An
 * environment is for the hash of its Python version, its requirements and the SDK. Its programs name the folder
 * that it is in, so that is the same on every computer whose runners work in the same place, and what one has made
 * is of use to others. It is ready when the file with its facts is there, which is written whole and last; a file
 * with the builder's process keeps others from trying at the same time.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../isolation/processes.ts';
import { BuildStopped, EnvironmentNotBuilt } from './build-environment.ts';

/** What an environment was made with. */
export interface EnvironmentFacts {
  readonly python: string;
  readonly notes: readonly string[];
}

export interface Environment extends EnvironmentFacts {
  /** Path of its Python. */
  readonly path: string;
}

export interface EnvironmentsOptions {
  readonly folder: string;
  /** Of all that other environments than those in use may have. */
  readonly maxIdle: number;
  /** Ends waiting and building. */
  readonly signal: AbortSignal;
  readonly clock: () => number;
}

/** Makes the environment in `folder`, which is not there; throws EnvironmentNotBuilt with the reason. */
export type BuildIn = (folder: string) => Promise<EnvironmentFacts>;

export interface Environments {
  /** `parts` is all that the environment depends on. `onBuild` is told when a build begins. */
  use(parts: readonly unknown[], build: BuildIn): Promise<Environment>;
}

const ENVIRONMENT = 'environment';
const LOCK = 'lock';
const USERS = 'users';
const FACTS = 'gantry.json';
const FAILURE = 'failure.json';
const POLL_MS = 250;
/** For this long the jobs that follow get the same answer: a missing distribution does not come by trying. */
const FAILURE_HOLDS_MS = 60_000;

const readJson = async <T>(file: string): Promise<T | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
};

const exists = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Holds the lock of a folder, or false. A lock of a process that has died is taken away, by one alone: who renames it. */
const tryLock = async (folder: string): Promise<boolean> => {
  const lock = join(folder, LOCK);
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!exists(error)) throw error;
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (holder !== 0 && !isRunning(holder)) {
    const stale = join(folder, `${LOCK}-${randomUUID()}`);
    await rename(lock, stale).catch(() => undefined);
    await rm(stale, { force: true });
  }
  return false;
};

const idleSince = async (folder: string): Promise<number | undefined> => {
  for (const pid of await readdir(join(folder, USERS)).catch(() => [])) {
    if (isRunning(Number(pid))) return undefined;
    await rm(join(folder, USERS, pid), { force: true });
  }
  return stat(join(folder, USERS)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
};

export const environments = (options: EnvironmentsOptions): Environments => {
  const known = new Map<string, Promise<Environment>>();
  const folderOf = (hash: string): string => join(options.folder, hash);

  const placed = (folder: string, facts: EnvironmentFacts): Environment => ({
    ...facts,
    path: join(folder, ENVIRONMENT, 'bin', 'python'),
  });

  const current = async (folder: string): Promise<Environment | undefined> => {
    const facts = await readJson<EnvironmentFacts>(join(folder, ENVIRONMENT, FACTS));
    return facts && placed(folder, facts);
  };

  /** What a builder that died has left, and an earlier release. */
  const removeHalfBuilt = async (folder: string): Promise<void> => {
    for (const name of await readdir(folder)) {
      if (![LOCK, USERS, FAILURE].includes(name)) {
        await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  };

  /** With the lock held, and no environment that is ready. */
  const make = async (folder: string, build: BuildIn): Promise<Environment> => {
    await removeHalfBuilt(folder);
    const target = join(folder, ENVIRONMENT);
    try {
      const facts = await build(target);
      const partial = join(target, `${FACTS}.partial`);
      await writeFile(partial, JSON.stringify(facts));
      await rename(partial, join(target, FACTS));
      return placed(folder, facts);
    } catch (error) {
      await rm(target, { recursive: true, force: true });
      if (error instanceof EnvironmentNotBuilt) {
        const { message, output } = error;
        const failure = { message, output, at: options.clock() };
        await writeFile(join(folder, FAILURE), JSON.stringify(failure));
      }
      throw error;
    }
  };

  /** Removes what nobody has used for the longest time, beyond the bound; never what a runner uses. */
  const evict = async (): Promise<void> => {
    const idle: { folder: string; since: number }[] = [];
    for (const name of await readdir(options.folder)) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const since = await idleSince(folderOf(name));
      if (since !== undefined) idle.push({ folder: folderOf(name), since });
    }
    idle.sort((a, b) => b.since - a.since);
    for (const { folder } of idle.slice(options.maxIdle)) {
      if (!(await tryLock(folder))) continue;
      // Who came meanwhile has its name in the folder; after the renaming nobody can come.
      if ((await idleSince(folder)) === undefined) {
        await rm(join(folder, LOCK), { force: true });
        continue;
      }
      const gone = `${folder}.gone-${randomUUID()}`;
      await rename(folder, gone);
      await rm(gone, { recursive: true, force: true });
    }
  };

  const open = async (hash: string, build: BuildIn): Promise<Environment> => {
    const folder = folderOf(hash);
    const user = join(folder, USERS, String(process.pid));
    for (;;) {
      if (options.signal.aborted) throw new BuildStopped('the runner was told to stop');
      await mkdir(join(folder, USERS), { recursive: true });
      await writeFile(user, '').catch(() => undefined);
      const ready = await current(folder);
      if (ready !== undefined) {
        const now = options.clock() / 1000;
        // Gone in between: evicted, and made again.
        const mine = await utimes(join(folder, USERS), now, now).then(
          () => true,
          () => false,
        );
        if (mine && (await current(folder)) !== undefined) return ready;
        continue;
      }
      if (!(await tryLock(folder))) {
        await sleep(POLL_MS);
        continue;
      }
      try {
        if ((await current(folder)) !== undefined) continue;
        const failure = await readJson<{ message: string; output: string; at: number }>(
          join(folder, FAILURE),
        );
        if (failure !== undefined && options.clock() - failure.at < FAILURE_HOLDS_MS) {
          throw new EnvironmentNotBuilt(failure.message, failure.output);
        }
        return await make(folder, build);
      } finally {
        await rm(join(folder, LOCK), { force: true });
        await evict();
      }
    }
  };

  return {
    use: (parts, build) => {
      const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
      const ready = known.get(hash);
      if (ready !== undefined) return ready;
      const opened = open(hash, build);
      known.set(hash, opened);
      opened.catch(() => known.delete(hash));
      return opened;
    },
  };
};
