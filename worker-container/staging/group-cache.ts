/**
 * Instances on this runner's disk, fetched once per group and shared by all jobs of the group's sessions that
 * run here. What no running job uses is evicted, the group used longest ago first, when the disk space that
 * staged files may take is exceeded. Each file is verified against the manifest before anybody sees it. Nobody
 * but the runner can enter the cache; attempts are given links: see ../execution/attempt-folder.ts.
 */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GroupManifest, type ManifestInstance } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import {
  describeGroup,
  type PatientDocument,
  type SeriesDocument,
} from '../../core/planning/documents.ts';
import type { Limiter } from '../../core/running/concurrency.ts';
import { DataSetHash, NotPart10 } from './part10.ts';

/** A stored object is not what the manifest says: nothing may be computed from it. */
export class InstanceCorrupt extends Error {
  override readonly name = 'InstanceCorrupt';
  readonly objectId: string;

  constructor(objectId: string, what: string) {
    super(`the stored instance ${objectId} is damaged: ${what}`);
    this.objectId = objectId;
  }
}

export interface StagedFile {
  /** The instance's entry in the `Instances` of its series' headers. */
  readonly id: string;
  readonly path: string;
}

/** A group that a job works on; its files stay until {@link release}. */
export interface GroupInUse {
  readonly patients: readonly PatientDocument[];
  /** The verified files of a series, in the order of arrival. */
  stage(series: SeriesDocument): Promise<readonly StagedFile[]>;
  release(): Promise<void>;
}

interface CachedGroup {
  readonly id: string;
  readonly folder: string;
  readonly patients: Promise<readonly PatientDocument[]>;
  readonly files: Map<string, Promise<string>>;
  bytes: number;
  users: number;
  usedAt: number;
}

export interface GroupCache {
  use(groupId: string): Promise<GroupInUse>;
}

export const groupCache = (options: {
  objects: ObjectStore;
  folder: string;
  /** Bytes on disk beyond which groups that are not in use are evicted. */
  maxBytes: number;
  limit: Limiter;
}): GroupCache => {
  const { objects, limit } = options;
  const groups = new Map<string, CachedGroup>();
  let uses = 0;

  const fetch = async (
    group: CachedGroup,
    id: string,
    instance: ManifestInstance,
  ): Promise<string> => {
    const path = join(group.folder, `${id}.dcm`);
    const partial = `${path}.partial`;
    const hash = new DataSetHash();
    try {
      await pipeline(
        await objects.getStream(instance.objectKey),
        hash,
        createWriteStream(partial, { mode: 0o600 }),
      );
    } catch (error) {
      if (error instanceof NotPart10) throw new InstanceCorrupt(id, error.message);
      throw error;
    }
    if (hash.size !== instance.size) {
      throw new InstanceCorrupt(id, `${hash.size} bytes instead of ${instance.size}`);
    }
    if (hash.digest() !== instance.sha256) {
      throw new InstanceCorrupt(id, 'its SHA-256 is not that of the received data set');
    }
    // Several attempts read this file through links of their own: none of them may write it.
    await chmod(partial, 0o444);
    await rename(partial, path);
    group.bytes += instance.size;
    return path;
  };

  /** What came damaged may have been damaged on its way: it is fetched once more before it counts as stored so. */
  const fetchTwiceAtMost = (
    group: CachedGroup,
    id: string,
    instance: ManifestInstance,
  ): Promise<string> =>
    fetch(group, id, instance).catch((error: unknown) => {
      if (error instanceof InstanceCorrupt) return fetch(group, id, instance);
      throw error;
    });

  const fileOf = (group: CachedGroup, id: string, instance: ManifestInstance): Promise<string> => {
    const known = group.files.get(id);
    if (known !== undefined) return known;
    const file = limit(() => fetchTwiceAtMost(group, id, instance));
    group.files.set(id, file);
    // What failed may be tried again by the next who asks.
    file.catch(() => group.files.delete(id));
    return file;
  };

  const open = async (groupId: string, folder: string) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const manifest = GroupManifest.parse(await objects.getJson(objectKeys.groupManifest(groupId)));
    return describeGroup(manifest);
  };

  const evict = async (): Promise<void> => {
    const unused = [...groups.values()]
      .filter(({ users }) => users === 0)
      .sort((one, other) => one.usedAt - other.usedAt);
    let bytes = [...groups.values()].reduce((sum, group) => sum + group.bytes, 0);
    for (const group of unused) {
      if (bytes <= options.maxBytes) return;
      bytes -= group.bytes;
      groups.delete(group.id);
      await rm(group.folder, { recursive: true, force: true });
    }
  };

  return {
    use: async (groupId) => {
      uses += 1;
      let group = groups.get(groupId);
      if (group === undefined) {
        // A folder of its own for each time it is staged: an eviction may still be deleting the last one.
        const folder = join(options.folder, `${groupId}-${uses}`);
        const patients = open(groupId, folder);
        group = { id: groupId, folder, patients, files: new Map(), bytes: 0, users: 0, usedAt: 0 };
        groups.set(groupId, group);
        patients.catch(() => groups.delete(groupId));
      }
      const used = group;
      used.users += 1;
      used.usedAt = uses;
      let released = false;
      const release = async () => {
        if (released) return;
        released = true;
        used.users -= 1;
        used.usedAt = ++uses;
        await evict();
      };
      try {
        return {
          patients: await used.patients,
          stage: (series) =>
            Promise.all(
              series.instances.map(async ({ id, instance }) => ({
                id,
                path: await fileOf(used, id, instance),
              })),
            ),
          release,
        };
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
};
