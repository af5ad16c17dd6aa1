/**
 * The virtual environments that all runners share, in the bucket: on AWS a runner begins with an empty disk, and would
 * ask the network for the same distributions again, which may be others by then. Who builds one puts it there; the
 * first counts, for everybody. Whatever goes wrong here costs a build and never a job.
 */
import { rename, rm } from 'node:fs/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { errorFacts } from '../../core/contracts/message-body.ts';
import type { Clock, ObjectStore } from '../../core/contracts/ports.ts';
import {
  MARK_USE_AFTER_MS,
  sharedEnvironmentId,
  SharedEnvironment,
  type EnvironmentIdentity,
} from '../../core/contracts/shared-environment.ts';
import { packFolder, unpackFolder } from './environment-archive.ts';
import type { BuildIn, EnvironmentFacts } from './environments.ts';

/** S3 takes no more by one put. */
const MAX_BYTES = 5 * 1024 ** 3;
/** What fails twice is not worth a third try. */
const FETCH_TRIES = 2;

export type EnvironmentObjects = Pick<
  ObjectStore,
  'getJson' | 'getStream' | 'put' | 'putJson' | 'putJsonIfAbsent'
>;

export interface SharedEnvironmentsOptions {
  readonly objects: EnvironmentObjects;
  /** In which tar is looked for. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

export interface SharedEnvironments {
  /**
   * Makes an environment in the folder of its identity, which is not there: as it is in the bucket, or by `build`, and
   * then puts it there. Throws what `build` throws, and nothing else.
   */
  make(identity: EnvironmentIdentity, build: BuildIn): Promise<EnvironmentFacts>;
}

/** For whoever may not write into the bucket what others run. */
export const UNSHARED: SharedEnvironments = { make: ({ folder }, build) => build(folder) };

const transfer = (began: number, bytes: number) => ({
  seconds: Math.round((performance.now() - began) / 100) / 10,
  mebibytes: Math.ceil(bytes / 1024 ** 2),
});

export const sharedEnvironments = (options: SharedEnvironmentsOptions): SharedEnvironments => {
  const { objects, path, clock, signal, logger } = options;
  const archiving = { path, signal };

  /** Undefined when there is none. */
  const read = async (id: string): Promise<SharedEnvironment | undefined> => {
    try {
      return SharedEnvironment.parse(await objects.getJson(objectKeys.sharedEnvironment(id)));
    } catch (error) {
      // What S3 says of an object that is not there.
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
      throw error;
    }
  };

  /** So that the reclaimer sees which are in use. */
  const markUse = async (id: string, environment: SharedEnvironment): Promise<void> => {
    const now = clock();
    if (now - environment.usedAt < MARK_USE_AFTER_MS) return;
    try {
      await objects.putJson(objectKeys.sharedEnvironment(id), { ...environment, usedAt: now });
    } catch (error) {
      logger.warn('the use of an environment was not marked', errorFacts(error));
    }
  };

  /** `absent`: nobody has put one there. `unusable`: what is there, or the way to it, is broken. */
  const fetch = async (
    id: string,
    folder: string,
  ): Promise<EnvironmentFacts | 'absent' | 'unusable'> => {
    for (let tried = 1; tried <= FETCH_TRIES && !signal.aborted; tried += 1) {
      try {
        const began = performance.now();
        const environment = await read(id);
        if (environment === undefined) return 'absent';
        const { sha256, bytes, python, notes } = environment;
        const source = await objects.getStream(objectKeys.environmentArchive(id, sha256));
        await unpackFolder(source, environment, folder, archiving);
        logger.info('an environment was fetched', transfer(began, bytes));
        await markUse(id, environment);
        return { python, notes };
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        logger.warn('an environment could not be fetched', errorFacts(error));
      }
    }
    return 'unusable';
  };

  /** In the place of one's own; undefined: one's own is still there. */
  const fetchInstead = async (
    id: string,
    folder: string,
  ): Promise<EnvironmentFacts | undefined> => {
    const own = `${folder}.own`;
    await rename(folder, own);
    const fetched = await fetch(id, folder);
    if (typeof fetched === 'object') {
      await rm(own, { recursive: true, force: true });
      return fetched;
    }
    await rename(own, folder);
    return undefined;
  };

  /** False: somebody else's is there already. */
  const store = async (
    id: string,
    folder: string,
    { python, notes }: EnvironmentFacts,
    replaces: boolean,
  ): Promise<boolean> => {
    const began = performance.now();
    const file = `${folder}.tar.zst`;
    try {
      const archive = await packFolder(folder, file, archiving);
      if (archive.bytes > MAX_BYTES) {
        logger.warn('an environment is too large to be stored', { bytes: archive.bytes });
        return true;
      }
      await objects.put(
        objectKeys.environmentArchive(id, archive.sha256),
        { file },
        { length: archive.bytes, contentType: 'application/zstd', signal },
      );
      const now = clock();
      const environment = { ...archive, builtAt: now, usedAt: now, python, notes };
      const key = objectKeys.sharedEnvironment(id);
      if (replaces) await objects.putJson(key, environment);
      else if (!(await objects.putJsonIfAbsent(key, environment))) return false;
      logger.info('an environment was stored for other runners', transfer(began, archive.bytes));
      return true;
    } finally {
      await rm(file, { force: true });
    }
  };

  /** What all others will have: what was built, or what somebody else built in the same time. */
  const share = async (
    id: string,
    folder: string,
    built: EnvironmentFacts,
    replaces: boolean,
  ): Promise<EnvironmentFacts> => {
    try {
      // An archive is large: it is not put where one is already.
      const isThere = !replaces && (await read(id)) !== undefined;
      if (!isThere && (await store(id, folder, built, replaces))) return built;
    } catch (error) {
      logger.warn('an environment could not be stored', errorFacts(error));
      return built;
    }
    return (await fetchInstead(id, folder)) ?? built;
  };

  return {
    make: async (identity, build) => {
      const id = sharedEnvironmentId(identity);
      const fetched = await fetch(id, identity.folder);
      if (typeof fetched === 'object') return fetched;
      const built = await build(identity.folder);
      return share(id, identity.folder, built, fetched === 'unusable');
    },
  };
};
