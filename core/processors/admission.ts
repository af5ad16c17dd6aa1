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
import { manifestInstances } from './manifest.ts';

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
  /** By key and group id: manifests never change once they are sealed. The key used last stands last. */
  const sealed = new Map<string, Map<string, ReadonlySet<string>>>();
  let remembered = 0;

  const remember = (keyId: string, group: string, objects: ReadonlySet<string>): void => {
    const ofKey = sealed.get(keyId) ?? new Map<string, ReadonlySet<string>>();
    if (ofKey.has(group)) return;
    sealed.delete(keyId);
    sealed.set(keyId, ofKey.set(group, objects));
    remembered += objects.size;
    for (const [oldest, manifests] of sealed) {
      if (remembered <= MAX_REMEMBERED || oldest === keyId) break;
      sealed.delete(oldest);
      for (const { size } of manifests.values()) remembered -= size;
    }
  };

  const sealedObjects = async (keyId: string, group: string): Promise<ReadonlySet<string>> => {
    const known = sealed.get(keyId)?.get(group);
    if (known !== undefined) return known;
    const manifest = await groups.manifest(group);
    if (manifest === undefined) return new Set();
    const objects = new Set(manifestInstances(manifest).map(({ objectKey }) => objectKey));
    remember(keyId, group, objects);
    return objects;
  };

  /** What is remembered stays true, so only what is not asks the table. */
  const isSealed = async (keyId: string, objectKey: string): Promise<boolean> => {
    for (const objects of sealed.get(keyId)?.values() ?? []) {
      if (objects.has(objectKey)) return true;
    }
    // The newest first: a re-send mostly follows its original.
    for (const { id, state } of (await groups.generations(keyId)).reverse()) {
      if (state !== 'COLLECTING' && (await sealedObjects(keyId, id)).has(objectKey)) return true;
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
      const generation = await toucher.ensureTouched(key, settings, instance, isNew ? 1 : 0);
      return { outcome: 'grouped', groupId: groupId(key.keyId, generation) };
    },
  };
};

export type AdmitInstance = ReturnType<typeof createAdmission>['admit'];
