/**
 * The path of a stored object into its group: instance item, then touch. When this has resolved, the instance is
 * in exactly one generation of its key, whatever dies afterwards, and may be acknowledged.
 */
import type { AeTitleItem } from '../contracts/configuration.ts';
import type { InstanceItem } from '../contracts/items.ts';
import { promisedUntil } from '../contracts/due-time.ts';
import { groupId } from '../contracts/keys.ts';
import type { GroupKey } from './ae-title-key.ts';
import type { GroupStore, InstancePut } from './group-store.ts';
import type { GroupToucher } from './group-toucher.ts';
import { manifestInstances, memberId } from './members.ts';

/** Two data sets of one SOP instance share the part of their hash that is in keys: only forgery does that. */
export class InstanceKeyTaken extends Error {
  override readonly name = 'InstanceKeyTaken';
  constructor() {
    super('another data set of this SOP instance has the same key');
  }
}

/** How many manifest entries a process remembers, so that a study sent twice does not read its manifest for each image. */
const MAX_REMEMBERED = 200_000;

export type GroupAdmission =
  | {
      readonly outcome: 'grouped';
      readonly groupId: string;
      /** The AE title has versions of the SOP instance with other bytes. */
      readonly conflict: boolean;
    }
  /** An identical re-send of an instance that has its place: nothing was changed. */
  | {
      readonly outcome: 'known';
      /** Of the group that still collects; of a sealed one it is not looked up. */
      readonly groupId?: string | undefined;
    }
  /** The reclaimer has it: nothing was changed. To be kept it must be stored anew, as a later incarnation. */
  | { readonly outcome: 'doomed'; readonly incarnation: number };

/** The attempts to admit one instance are one; a sender that sends it again makes another. */
const isSameReception = (a: InstanceItem, b: InstanceItem): boolean =>
  a.associationId === b.associationId && a.receivedAt === b.receivedAt;

export const createAdmission = (deps: {
  readonly groups: Pick<
    GroupStore,
    'putInstance' | 'getInstance' | 'newest' | 'generations' | 'manifest'
  >;
  readonly toucher: GroupToucher;
}) => {
  const { groups, toucher } = deps;
  /** By key and group id: manifests never change once they are sealed. The key used last stands last. */
  const sealed = new Map<string, Map<string, ReadonlySet<string>>>();
  let remembered = 0;

  const remember = (keyId: string, group: string, members: ReadonlySet<string>): void => {
    const ofKey = sealed.get(keyId) ?? new Map<string, ReadonlySet<string>>();
    if (ofKey.has(group)) return;
    sealed.delete(keyId);
    sealed.set(keyId, ofKey.set(group, members));
    remembered += members.size;
    for (const [oldest, manifests] of sealed) {
      if (remembered <= MAX_REMEMBERED || oldest === keyId) break;
      sealed.delete(oldest);
      for (const { size } of manifests.values()) remembered -= size;
    }
  };

  const sealedMembers = async (keyId: string, group: string): Promise<ReadonlySet<string>> => {
    const known = sealed.get(keyId)?.get(group);
    if (known !== undefined) return known;
    const manifest = await groups.manifest(group);
    if (manifest === undefined) return new Set();
    const members = new Set(manifestInstances(manifest).map(memberId));
    remember(keyId, group, members);
    return members;
  };

  /** What is remembered stays true, so only what is not asks the table. */
  const isSealed = async (keyId: string, instance: InstanceItem): Promise<boolean> => {
    const member = memberId(instance);
    for (const members of sealed.get(keyId)?.values() ?? []) {
      if (members.has(member)) return true;
    }
    // The newest first: a re-send mostly follows its original.
    for (const { id, state } of (await groups.generations(keyId)).reverse()) {
      if (state !== 'COLLECTING' && (await sealedMembers(keyId, id)).has(member)) return true;
    }
    return false;
  };

  /**
   * The collecting generation that will have the item without another touch: it was there before this question,
   * and a listener promised for a time after its own reception, as whoever acknowledged it did. A held one is touched.
   */
  const waitingIn = async ({ keyId, receivedAt }: InstanceItem): Promise<string | undefined> => {
    const newest = await groups.newest(keyId);
    const waits =
      newest?.state === 'COLLECTING' && newest.held !== true && promisedUntil(newest) > receivedAt;
    return waits ? newest.id : undefined;
  };

  const hasItem = async (
    sopInstanceUid: string,
    versions: InstancePut['others'],
  ): Promise<boolean> => {
    const items = await Promise.all(
      versions.map(({ keyId, sha256 }) => groups.getInstance(keyId, sopInstanceUid, sha256)),
    );
    return items.some((item) => item !== undefined && item.doomedAt === undefined);
  };

  return {
    /** May be repeated after a failure. */
    admit: async (
      instance: InstanceItem,
      key: GroupKey,
      settings: AeTitleItem,
    ): Promise<GroupAdmission> => {
      const { isNew, others } = await groups.putInstance(instance);
      const { keyId, sopInstanceUid, sha256 } = instance;
      let isResend = false;
      if (!isNew) {
        const existing = await groups.getInstance(keyId, sopInstanceUid, sha256);
        if (existing !== undefined && existing.sha256 !== sha256) throw new InstanceKeyTaken();
        // One that is gone by now was reclaimed at this moment, and its object with it.
        if (existing === undefined || existing.doomedAt !== undefined) {
          return { outcome: 'doomed', incarnation: (existing ?? instance).incarnation ?? 1 };
        }
        if (await isSealed(keyId, existing)) return { outcome: 'known' };
        isResend = !isSameReception(existing, instance);
        const waiting =
          isResend && settings.resends === 'acknowledge' ? await waitingIn(existing) : undefined;
        if (waiting !== undefined) return { outcome: 'known', groupId: waiting };
      }
      const conflict = !isResend && others.length > 0 && (await hasItem(sopInstanceUid, others));
      // Last, because the quiet time counts from the acknowledgement: what came between would be missing of it.
      const generation = await toucher.ensureTouched(key, settings, instance, isNew ? 1 : 0);
      return { outcome: 'grouped', groupId: groupId(key.keyId, generation), conflict };
    },
  };
};

export type Admission =
  | GroupAdmission
  /** Stored, and in the hands of a processor other than the default one. */
  | { readonly outcome: 'collected' };

/** Into the hands of the processor of an AE title, whichever it is. */
export type AdmitInstance = (
  instance: InstanceItem,
  key: GroupKey,
  settings: AeTitleItem,
) => Promise<Admission>;
