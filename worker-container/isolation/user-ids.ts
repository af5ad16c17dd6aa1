/**
 * User ids for attempts: each attempt runs under one that nobody else on this computer has, and no two attempts
 * of a runner get the same one, so that what one leaves somewhere is no other's. The group id is the same
 * number. An id is per attempt and not per session, because at an attempt's end everything that runs under it is
 * ended, and several attempts of a session may run at a time; what a session's attempts share, they share
 * through the job endpoint.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { belongingToUser, endProcesses, readProcesses } from './processes.ts';

/** Between the accounts of people and those of the system; also inside what a rootless container may use. */
const FIRST_USER_ID = 20_000;
const LAST_USER_ID = 59_999;
/** Folders in which everybody may leave something. */
const SHARED_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'];
/** Of getent: the key is not there. */
const NOT_FOUND = 2;

export interface AttemptUser {
  readonly uid: number;
  /** The same number. */
  readonly gid: number;
  /** Ends what runs under it and removes what it left in the shared folders. How many processes could not be ended. */
  release(): Promise<number>;
}

export interface UserIds {
  take(): Promise<AttemptUser>;
}

/** None of the user ids is free. */
export class NoUserIdFree extends Error {
  override readonly name = 'NoUserIdFree';

  constructor() {
    super(`no user id from ${FIRST_USER_ID} to ${LAST_USER_ID} is free`);
  }
}

/**
 * Holds an id against other runners of this computer: the kernel gives a name in the abstract name space of
 * Unix sockets to one process at a time, and takes it back when that ends, however it ends. Undefined: taken.
 */
const reserve = async (id: number): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      connection.destroy();
    });
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(`\0gantry-user-${id}`, () => {
      resolve(server.unref());
    });
  });

/** Asked by name service and not in `/etc/passwd`: an account may be one of a directory. */
const hasAccount = async (database: 'passwd' | 'group', id: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    execFile('getent', [database, String(id)], (error) => {
      if (error === null) resolve(true);
      else if (error.code === NOT_FOUND) resolve(false);
      else reject(new Error(`getent ${database} failed: ${error.message}`, { cause: error }));
    });
  });

const isFree = async (id: number): Promise<boolean> => {
  if (belongingToUser(id)(readProcesses()).length > 0) return false;
  const accounts = await Promise.all([hasAccount('passwd', id), hasAccount('group', id)]);
  return !accounts.includes(true);
};

const removeLeftBehind = async (uid: number): Promise<void> => {
  for (const folder of SHARED_FOLDERS) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const owner = await lstat(path).then(
        (facts) => facts.uid,
        () => undefined,
      );
      if (owner === uid) await rm(path, { recursive: true, force: true });
    }
  }
};

/** Ends what a runner that died left running under an id, unless somebody has that id now. */
export const endAbandoned = async (id: number): Promise<void> => {
  if (id < FIRST_USER_ID || id > LAST_USER_ID) return;
  const reservation = await reserve(id);
  if (reservation === undefined) return;
  await endProcesses(belongingToUser(id));
  await removeLeftBehind(id);
  reservation.close();
};

export const userIds = (): UserIds => {
  let next = randomInt(FIRST_USER_ID, LAST_USER_ID + 1);
  const find = async (): Promise<AttemptUser> => {
    for (let tried = FIRST_USER_ID; tried <= LAST_USER_ID; tried += 1) {
      const id = next;
      next = id === LAST_USER_ID ? FIRST_USER_ID : id + 1;
      const reservation = await reserve(id);
      if (reservation === undefined) continue;
      if (!(await isFree(id))) {
        reservation.close();
        continue;
      }
      return {
        uid: id,
        gid: id,
        release: async () => {
          const left = await endProcesses(belongingToUser(id));
          await removeLeftBehind(id);
          // While something still runs under it, nobody may have it.
          if (left === 0) reservation.close();
          return left;
        },
      };
    }
    throw new NoUserIdFree();
  };
  // To find one takes as long as to start a Python: the next one is looked for while the last one is used.
  let found: Promise<AttemptUser> | undefined;
  const findNext = (): void => {
    const search = find();
    found = search;
    search.catch(() => {
      if (found === search) found = undefined;
    });
  };
  return {
    take: () => {
      const search = found ?? find();
      // Before anybody waits: who asks meanwhile must not get the same one.
      findNext();
      return search;
    },
  };
};
