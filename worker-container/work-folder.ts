/**
 * The runner's place on the disk: a folder of its own below the one that it was given, removed at its end. One
 * that a killed runner left behind, with images of patients in it, is removed by the next runner.
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOCKET_NAME_LENGTH } from './endpoint/job-endpoint.ts';
import { isRunning } from './isolation/processes.ts';
import { endAbandoned } from './isolation/user-ids.ts';

const PID_FILE = 'pid';
/** A Unix socket's address has 108 bytes on Linux, its end included. */
const MAX_SOCKET_PATH = 107;
/** Sockets are in folders that `mkdtemp` names. */
const SOCKET_FOLDER_LENGTH = '/XXXXXX'.length;

/** Who knows the name of something in it may reach it, if that lets him; nobody can list it. */
const TRAVERSABLE = 0o711;
const PRIVATE = 0o700;

export interface WorkFolder {
  /** The runner's alone, as are all but these three: */
  readonly groups: string;
  readonly spool: string;
  /** Service code, for all attempts to read. */
  readonly modules: string;
  readonly attempts: string;
  readonly sockets: string;
  /** Shuts other user ids out, where no attempt has one of its own. */
  makePrivate(): Promise<void>;
  remove(): Promise<void>;
}

/** An attempt of a runner that was killed may have left processes, and files elsewhere, of its user id. */
const endAttempts = async (attempts: string): Promise<void> => {
  for (const name of await readdir(attempts).catch(() => [])) {
    const { gid } = await lstat(join(attempts, name));
    await endAbandoned(gid);
  }
};

const removeAbandoned = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    const pid = await readFile(join(folder, PID_FILE), 'utf8').catch(() => undefined);
    if (pid !== undefined && !isRunning(Number(pid))) {
      await endAttempts(join(folder, 'attempts'));
      await rm(folder, { recursive: true, force: true });
    }
  }
};

const makeFolder = async (folder: string, mode: number): Promise<void> => {
  await mkdir(folder, { recursive: true });
  // Not left to mkdir, which takes away what the process's mask says.
  await chmod(folder, mode);
};

export const openWorkFolder = async (parent: string, runnerId: string): Promise<WorkFolder> => {
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const root = join(await realpath(parent), runnerId.replace(/[^A-Za-z0-9_-]/g, '_'));
  await makeFolder(root, TRAVERSABLE);
  await writeFile(join(root, PID_FILE), String(process.pid));
  const near = join(root, 'sockets');
  const far =
    Buffer.byteLength(near) + SOCKET_FOLDER_LENGTH + SOCKET_NAME_LENGTH > MAX_SOCKET_PATH
      ? await mkdtemp(join(tmpdir(), 'gantry-'))
      : undefined;
  const open = {
    modules: join(root, 'modules'),
    attempts: join(root, 'attempts'),
    sockets: far ?? near,
  };
  const closed = { groups: join(root, 'groups'), spool: join(root, 'spool') };
  for (const folder of Object.values(open)) await makeFolder(folder, TRAVERSABLE);
  for (const folder of Object.values(closed)) await makeFolder(folder, PRIVATE);
  return {
    ...open,
    ...closed,
    makePrivate: async () => {
      for (const folder of [root, open.sockets]) await chmod(folder, PRIVATE);
    },
    remove: async () => {
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
      if (far !== undefined) await rm(far, { recursive: true, force: true });
    },
  };
};
