/**
 * The three volumes that the user's container sees, filled: its module with what calls it, the worker's data, an
 * empty session folder. The image runs under whatever user id it likes, so all of it is open to everybody who
 * can reach it; that is this task alone.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TaskFolders {
  readonly private: string;
  readonly module: string;
  readonly data: string;
  readonly session: string;
}

/** The worker names files that its package does not have, or that cannot be unpacked. */
export class WorkerFilesUnusable extends Error {
  override readonly name = 'WorkerFilesUnusable';
}

/** Links are left alone: they lead to what is not of the volume. */
export const openToAll = async (path: string): Promise<void> => {
  const facts = await lstat(path);
  if (facts.isSymbolicLink()) return;
  if (!facts.isDirectory()) {
    await chmod(path, (facts.mode & 0o111) === 0 ? 0o666 : 0o777);
    return;
  }
  await chmod(path, 0o777);
  for (const name of await readdir(path)) await openToAll(join(path, name));
};

/** `job` is the content of `job.json`; `python` has the package `gantry_worker`. */
export const fillModule = async (
  folder: string,
  options: { readonly job: unknown; readonly module: string; readonly python: string },
): Promise<void> => {
  await cp(options.module, join(folder, 'service_module'), { recursive: true });
  const script = `
import shutil, sys
from gantry_worker import callback, container
shutil.copyfile(container.__file__, sys.argv[1] + "/main.py")
shutil.copyfile(callback.__file__, sys.argv[1] + "/gantry_callback.py")
`;
  await promisify(execFile)(options.python, ['-c', script, folder]);
  await writeFile(join(folder, 'job.json'), JSON.stringify(options.job));
  await openToAll(folder);
};

const UNPACK = 'import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2], filter="data")';
const UNPACK_ZIP = 'import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2])';

/** `source` is a folder or an archive that Python's `shutil` knows; without one the folder stays empty. */
export const fillData = async (
  folder: string,
  source: string | undefined,
  python: string,
): Promise<void> => {
  if (source !== undefined) {
    const facts = await lstat(source).catch(() => undefined);
    if (facts === undefined) {
      throw new WorkerFilesUnusable('the worker’s data_dir is not in its package');
    }
    if (facts.isDirectory()) await cp(source, folder, { recursive: true });
    else {
      const script = source.endsWith('.zip') ? UNPACK_ZIP : UNPACK;
      await promisify(execFile)(python, ['-c', script, source, folder]).catch((error: unknown) => {
        const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : '';
        throw new WorkerFilesUnusable(`the worker’s data_dir cannot be unpacked: ${why ?? ''}`);
      });
    }
  }
  await openToAll(folder);
};

/** Empties what another try of the same task has left, and makes sure that each is there. */
export const openVolumes = async (folders: TaskFolders): Promise<void> => {
  for (const folder of Object.values(folders) as string[]) {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
  await chmod(folders.private, 0o711);
  await chmod(folders.session, 0o777);
};
