/**
 * An attempt's place on the disk. Where the attempt has a user id of its own, everything in it can be reached
 * under that id and under no other: the folder is root's, of the attempt's group, with the sticky bit, so that a
 * callback can add its result and change nothing that it did not make. What the runner itself writes while a
 * callback runs is in a folder beside it, where no link of the callback's can lead it astray.
 */
import { constants } from 'node:fs';
import { chmod, chown, link, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { StagedFile } from '../staging/group-cache.ts';
import { MAX_RESULT_BYTES } from './outcome.ts';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface AttemptFolder {
  readonly path: string;
  readonly home: string;
  readonly temporary: string;
  /** The images that were given. */
  readonly images: string;
  /** For the runner alone. */
  readonly spool: string;
  /** Gives the callback files of the cache: links that only this attempt can reach. */
  giveImages(files: readonly StagedFile[]): Promise<readonly StagedFile[]>;
  /** Puts `job.json` and the service's code into it; after that the attempt's user can use the folder. */
  complete(job: unknown, module: string): Promise<void>;
  /** The text of `result.json`; undefined if there is none, its size if it is too large, empty if it is no file. */
  result(): Promise<string | undefined | { readonly bytes: number }>;
  remove(): Promise<void>;
}

/** Enter and read for the group, and add; what others made stays as it is. */
const SHARED_WITH_GROUP = 0o1770;
const READ_BY_GROUP = 0o750;

export const makeAttemptFolder = async (
  folders: {
    readonly attempts: string;
    readonly spool: string;
    /** Below which the images are to be; else they are in the attempt's own folder. */
    readonly images?: string | undefined;
  },
  user: Owner | undefined,
): Promise<AttemptFolder> => {
  const path = await mkdtemp(join(folders.attempts, 'attempt-'));
  const spool = join(folders.spool, basename(path));
  const [home, temporary] = [join(path, 'home'), join(path, 'tmp')];
  const images =
    folders.images === undefined ? join(path, 'images') : join(folders.images, basename(path));
  const readableByGroup = async (file: string, mode: number): Promise<void> => {
    if (user === undefined) return;
    await chown(file, 0, user.gid);
    await chmod(file, mode);
  };
  const makeOwn = async (folder: string): Promise<void> => {
    await mkdir(folder, { mode: 0o700 });
    if (user !== undefined) await chown(folder, user.uid, user.gid);
  };
  const makeImages = async (): Promise<void> => {
    await mkdir(images, { mode: 0o700 });
    await readableByGroup(images, READ_BY_GROUP);
  };
  await Promise.all([
    mkdir(spool, { mode: 0o700 }),
    ...[home, temporary].map(makeOwn),
    makeImages(),
  ]);

  return {
    path,
    home,
    temporary,
    images,
    spool,
    giveImages: (files) =>
      Promise.all(
        files.map(async ({ id, path: cached }) => {
          const given = join(images, basename(cached));
          await link(cached, given);
          return { id, path: given };
        }),
      ),
    complete: async (job, module) => {
      const file = join(path, 'job.json');
      await symlink(module, join(path, 'service_module'));
      await writeFile(file, JSON.stringify(job), { mode: 0o600 });
      await readableByGroup(file, 0o640);
      await readableByGroup(path, SHARED_WITH_GROUP);
    },
    result: async () => {
      // Whatever a callback put there: a link to what the runner may read is not its result, and a pipe never ends.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const file = await open(join(path, 'result.json'), flags).catch((error: unknown) => {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === 'ENOENT') return undefined;
        if (code === 'ELOOP' || code === 'ENXIO') return 'no file';
        throw error;
      });
      if (file === undefined) return undefined;
      if (file === 'no file') return '';
      try {
        const facts = await file.stat();
        if (!facts.isFile() || (user !== undefined && facts.uid !== user.uid)) return '';
        return facts.size > MAX_RESULT_BYTES ? { bytes: facts.size } : await file.readFile('utf8');
      } finally {
        await file.close();
      }
    },
    remove: async () => {
      const remove = (folder: string) =>
        rm(folder, { recursive: true, force: true, maxRetries: 3 });
      // Those that may be in it are gone first.
      await Promise.all([images, spool].map(remove));
      await remove(path);
    },
  };
};
