/**
 * Keys of the objects in the one bucket: for every kind a function that builds its key, and where somebody needs it
 * one that reads it. Nobody writes a key pattern elsewhere. Those of the table are in keys.ts.
 */
import { INSTANCE_HASH_LENGTH, shortHash } from './keys.ts';

/** How much of a key's id tells apart the objects of one instance that is in two keys of an AE title. */
const KEY_ID_LENGTH = 8;

/** The id of the shared environment that an object is of; undefined when its key is no such key. */
export const environmentIdOf = (objectKey: string): string | undefined =>
  /^environments\/([^/]+)\/[^/]+$/.exec(objectKey)?.[1];

const incarnationSuffix = (incarnation = 1): string =>
  incarnation === 1 ? '' : `-${String(incarnation)}`;

/** Of an instance's object: what its key has of the key that it was grouped by. */
export const instanceKeyMark = (objectKey: string): string =>
  /-([0-9a-f]{8})(?:-\d+)?\.dcm$/.exec(objectKey)?.[1] ?? '';

export const objectKeys = {
  /**
   * A received instance. The hash of its data set is part of the key, so that a put is idempotent and a
   * second version of the same SOP instance never overwrites the first; the leading two characters spread
   * the load over S3's partitions. Each item has an object of its own: by its key, and after it was reclaimed
   * and received again by its incarnation, so that a deletion that comes late cannot meet another's object.
   */
  instance: (
    aeTitle: string,
    studyInstanceUid: string,
    seriesInstanceUid: string,
    sopInstanceUid: string,
    sha256: string,
    { keyId, incarnation }: { keyId: string; incarnation?: number | undefined },
  ): string =>
    `instances/${shortHash(studyInstanceUid, 2)}/${aeTitle}/${studyInstanceUid}/${seriesInstanceUid}/` +
    `${sopInstanceUid}-${sha256.slice(0, INSTANCE_HASH_LENGTH)}-${keyId.slice(0, KEY_ID_LENGTH)}` +
    `${incarnationSuffix(incarnation)}.dcm`,
  /** Of its own, so that it can be deleted without a look at the groups: whoever routes it copies it. */
  unrouted: (
    aeTitle: string,
    sopInstanceUid: string,
    sha256: string,
    incarnation?: number,
  ): string =>
    `unrouted/${aeTitle}/${sopInstanceUid}-${sha256.slice(0, INSTANCE_HASH_LENGTH)}${incarnationSuffix(incarnation)}.dcm`,
  /** Of all received instances, grouped and unrouted: no key begins with two of them. */
  receivedPrefixes: [
    ...Array.from(
      { length: 256 },
      (_, index) => `instances/${index.toString(16).padStart(2, '0')}/`,
    ),
    'unrouted/',
  ],
  groupManifest: (group: string): string => `groups/${group}/manifest.json`,
  /** Of everything that a session has in the bucket. */
  sessionPrefix: (session: string): string => `sessions/${session}/`,
  /** Headers, parameters and added parameters of one object of a session: see SessionObject. */
  sessionObject: (session: string, objectId: string): string =>
    `sessions/${session}/objects/${objectId}.json`,
  /** What was planned for the session, written once: see SessionPlan. */
  sessionPlan: (session: string): string => `sessions/${session}/plan.json`,
  jobLog: (session: string, node: string, attempt: number): string =>
    `sessions/${session}/jobs/${node}/attempt-${String(attempt)}.log`,
  /** Of one attempt: a late one must not overwrite the result of the one that counts (invariant E). */
  jobResult: (session: string, node: string, attempt: number): string =>
    `sessions/${session}/jobs/${node}/attempt-${String(attempt)}.result.json`,
  sessionFile: (session: string, fileId: string): string => `sessions/${session}/files/${fileId}`,
  sessionFilePrefix: (session: string): string => `sessions/${session}/files/`,
  upload: (id: string): string => `uploads/${id}.zip`,
  serviceModule: (service: string, hash: string): string =>
    `services/${service}/${hash}/module.zip`,
  /** The worker's folder: settings, requirements, Dockerfile, scripts, data. */
  workerPackage: (worker: string, hash: string): string => `workers/${worker}/${hash}/package.zip`,
  /** See ImageResult. */
  workerImageResult: (worker: string, hash: string, build: string): string =>
    `workers/${worker}/${hash}/images/${build}.json`,
  serviceRegistry: (service: string, hash: string): string =>
    `services/${service}/${hash}/registry.zip`,
  /** Of all virtual environments that runners share; one has everything below its id. */
  environmentsPrefix: 'environments/',
  /** See SharedEnvironment. */
  sharedEnvironment: (id: string): string => `environments/${id}/environment.json`,
  /** By what is in it, so that two who put one for the same environment do not meet. */
  environmentArchive: (id: string, sha256: string): string =>
    `environments/${id}/${sha256}.tar.zst`,
} as const;
