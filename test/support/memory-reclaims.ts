/** A ReclaimStore in memory beside a MemoryGroups, with the conditions of the real one. */
import type { InstanceItem } from '../../core/contracts/items.ts';
import { groupId } from '../../core/contracts/keys.ts';
import type { HandOverItem, InstanceUse } from '../../core/contracts/reclaim-items.ts';
import type { ReclaimStore } from '../../core/processors/reclaim-store.ts';
import type { MemoryGroups } from './memory-groups.ts';

type Unused = 'doomUnrouted' | 'doomedUnrouted' | 'markUnroutedDeleted' | 'removeUnrouted';

/** The rest of a ReclaimStore where no instance is unrouted. */
export const NOTHING_UNROUTED: Pick<ReclaimStore, Unused> = {
  doomUnrouted: () => Promise.resolve(false),
  doomedUnrouted: () => Promise.resolve([]),
  markUnroutedDeleted: () => Promise.resolve(false),
  removeUnrouted: () => Promise.resolve(false),
};

export interface MemoryReclaims extends Omit<ReclaimStore, Unused> {
  readonly handOvers: Map<string, HandOverItem>;
}

export const memoryReclaims = (groups: MemoryGroups): MemoryReclaims => {
  /** By key and id. */
  const handOvers = new Map<string, HandOverItem>();
  const nameOf = ({ keyId, id }: Pick<HandOverItem, 'keyId' | 'id'>): string => `${keyId} ${id}`;
  const fences = new Map<string, number>();
  const uses = new Map<string, Map<string, InstanceUse>>();
  const raise = (keyId: string): void => {
    fences.set(keyId, (fences.get(keyId) ?? 0) + 1);
  };
  const find = (
    keyId: string,
    one: Pick<InstanceItem, 'sopInstanceUid' | 'sha256' | 'receivedAt'>,
  ): [string, InstanceItem] | undefined =>
    [...groups.instanceItems].find(
      ([, item]) =>
        item.keyId === keyId &&
        item.sopInstanceUid === one.sopInstanceUid &&
        item.sha256 === one.sha256 &&
        item.receivedAt === one.receivedAt,
    );
  const changeGroup = (
    { keyId, generation }: { keyId: string; generation: number },
    facts: object,
  ): boolean => {
    const id = groupId(keyId, generation);
    const group = groups.groupItems.get(id);
    if (group !== undefined) groups.groupItems.set(id, { ...group, ...facts });
    return group !== undefined;
  };

  return {
    handOvers,
    putHandOver: (item) => {
      if (handOvers.has(nameOf(item))) return Promise.resolve(false);
      handOvers.set(nameOf(item), item);
      return Promise.resolve(true);
    },
    dueHandOvers: (now, limit) =>
      Promise.resolve([...handOvers.values()].filter(({ dueAt }) => dueAt <= now).slice(0, limit)),
    updateHandOver: (item) => {
      if (!handOvers.has(nameOf(item))) return Promise.resolve(false);
      handOvers.set(nameOf(item), item);
      return Promise.resolve(true);
    },
    removeHandOver: (item) => {
      handOvers.delete(nameOf(item));
      return Promise.resolve();
    },
    use: (keyId, use) => {
      raise(keyId);
      const ofKey = uses.get(keyId) ?? new Map<string, InstanceUse>();
      uses.set(keyId, ofKey.set(use.sessionId, use));
      return Promise.resolve();
    },
    uses: (keyId) => Promise.resolve([...(uses.get(keyId)?.values() ?? [])]),
    endUse: (keyId, sessionId) => {
      uses.get(keyId)?.delete(sessionId);
      return Promise.resolve();
    },
    fence: (keyId) => Promise.resolve(fences.get(keyId) ?? 0),
    allInstances: (keyId) =>
      Promise.resolve([...groups.instanceItems.values()].filter((item) => item.keyId === keyId)),
    doom: (keyId, { fence, newest }, instances, at) => {
      const found = instances.map((one) => find(keyId, one));
      if (
        (fences.get(keyId) ?? 0) !== fence ||
        groups.groupItems.has(groupId(keyId, newest + 1)) ||
        found.some((entry) => entry === undefined || entry[1].doomedAt !== undefined)
      ) {
        return Promise.resolve(false);
      }
      for (const entry of found) {
        if (entry !== undefined) groups.instanceItems.set(entry[0], { ...entry[1], doomedAt: at });
      }
      return Promise.resolve(true);
    },
    removeInstance: (item) => {
      const entry = find(item.keyId, item);
      if (entry?.[1].doomedAt === undefined) return Promise.resolve(false);
      groups.instanceItems.delete(entry[0]);
      return Promise.resolve(true);
    },
    releasedBetween: (from, until, limit) =>
      Promise.resolve(
        [...groups.groupItems.values()]
          .filter(
            ({ state, releasedAt = 0, reclaimedAt }) =>
              state === 'RELEASED' &&
              reclaimedAt === undefined &&
              releasedAt >= from &&
              releasedAt <= until,
          )
          .toSorted((a, b) => (a.releasedAt ?? 0) - (b.releasedAt ?? 0))
          .slice(0, limit),
      ),
    markHandedOver: (group, handedOver) => {
      changeGroup(group, { handedOver });
      return Promise.resolve();
    },
    markReclaimed: (group, reclaimedAt) => {
      changeGroup(group, { reclaimedAt });
      return Promise.resolve();
    },
    setLegalHold: (group, legalHold) => {
      for (const keyId of group.instanceKeys ?? [group.keyId]) raise(keyId);
      return Promise.resolve(changeGroup(group, { legalHold }));
    },
  };
};
