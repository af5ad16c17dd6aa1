/**
 * The path of a stored object into its group: instance item, then touch. When this has resolved, the instance is
 * in exactly one generation of its key, whatever dies afterwards, and may be acknowledged.
 */
import type { AeTitleItem } from '../contracts/configuration.ts';
import type { InstanceItem } from '../contracts/items.ts';
import { groupId } from '../contracts/keys.ts';
import type { GroupKey } from './ae-title-key.ts';
import type { GroupStore } from './group-store.ts';
import type { GroupToucher } from './group-toucher.ts';

/** Two data sets of one SOP instance share the part of their hash that is in keys: only forgery does that. */
export class InstanceKeyTaken extends Error {
  override readonly name = 'InstanceKeyTaken';
  constructor() {
    super('another data set of this SOP instance has the same key');
  }
}

/** How many manifest entries a process remembers, so that a study sent twice does not read its manifest for each image. */
const MAX_REMEMBERED = 200_000;

export type Admission =
  | { readonly outcome: 'grouped'; readonly groupId: string }
  /** An identical re-send of an instance that a sealed manifest has: nothing was changed. */
  | { readonly outcome: 'known' };

export const createAdmission = (deps: {
  readonly groups: Pick<GroupStore, 'putInstance' | 'getInstance' | 'generations' | 'manifest'>;
  readonly toucher: GroupToucher;
}) => {
  const { groups, toucher } = deps;
  /** By group id: manifests never change once they are sealed. */
  const sealed = new Map<string, ReadonlySet<string>>();
  let remembered = 0;

  const sealedObjects = async (group: string): Promise<ReadonlySet<string> | undefined> => {
    const cached = sealed.get(group);
    if (cached !== undefined) return cached;
    const manifest = await groups.manifest(group);
    if (manifest === undefined) return undefined;
    const objects = new Set(
      manifest.series.flatMap(({ instances }) => instances.map(({ objectKey }) => objectKey)),
    );
    while (remembered + objects.size > MAX_REMEMBERED && sealed.size > 0) {
      const [oldest, entries] = sealed.entries().next().value ?? [];
      if (oldest === undefined || entries === undefined) break;
      sealed.delete(oldest);
      remembered -= entries.size;
    }
    sealed.set(group, objects);
    remembered += objects.size;
    return objects;
  };

  /** The newest generations first: a re-send mostly follows its original. */
  const isSealed = async (keyId: string, objectKey: string): Promise<boolean> => {
    const generations = await groups.generations(keyId);
    for (const { id, state } of generations.reverse()) {
      if (state !== 'COLLECTING' && (await sealedObjects(id))?.has(objectKey) === true) return true;
    }
    return false;
  };

  return {
    /** May be repeated after a failure. */
    admit: async (
      instance: InstanceItem,
      key: GroupKey,
      settings: AeTitleItem,
    ): Promise<Admission> => {
      const isNew = await groups.putInstance(instance);
      if (!isNew) {
        const { keyId, sopInstanceUid, sha256 } = instance;
        const existing = await groups.getInstance(keyId, sopInstanceUid, sha256);
        if (existing !== undefined && existing.sha256 !== sha256) throw new InstanceKeyTaken();
        if (existing !== undefined && (await isSealed(keyId, existing.objectKey))) {
          return { outcome: 'known' };
        }
      }
      const generation = await toucher.ensureTouched(key, settings, isNew ? 1 : 0);
      return { outcome: 'grouped', groupId: groupId(key.keyId, generation) };
    },
  };
};

export type AdmitInstance = ReturnType<typeof createAdmission>['admit'];
