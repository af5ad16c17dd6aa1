/**
 * The runner's place on the disk: a folder of its own below the one that it was given, removed at its end. One
 * that a killed runner left behind, with images of patients in it, is removed by the next runner.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PID_FILE = 'pid';
/** A Unix socket's address has 108 bytes on Linux, its end included. */
const MAX_SOCKET_PATH = 107;

export interface WorkFolder {
  readonly groups: string;
  readonly modules: string;
  readonly attempts: string;
  readonly socket: string;
  remove(): Promise<void>;
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process has that number, so it is not the one that wrote it.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
};

const removeAbandoned = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    const pid = await readFile(join(folder, PID_FILE), 'utf8').catch(() => undefined);
    if (pid !== undefined && !isRunning(Number(pid))) {
      await rm(folder, { recursive: true, force: true });
    }
  }
};

export const openWorkFolder = async (parent: string, runnerId: string): Promise<WorkFolder> => {
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const root = join(parent, runnerId.replace(/[^A-Za-z0-9_-]/g, '_'));
  await mkdir(root, { recursive: true, mode: 0o700 });
  await writeFile(join(root, PID_FILE), String(process.pid));
  const folders = {
    groups: join(root, 'groups'),
    modules: join(root, 'modules'),
    attempts: join(root, 'attempts'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  const near = join(root, 'job.sock');
  const far =
    Buffer.byteLength(near) > MAX_SOCKET_PATH
      ? await mkdtemp(join(tmpdir(), 'gantry-'))
      : undefined;
  const socket = far === undefined ? near : join(far, 'job.sock');
  await rm(socket, { force: true });
  return {
    ...folders,
    socket,
    remove: async () => {
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
      if (far !== undefined) await rm(far, { recursive: true, force: true });
    },
  };
};
