/** A GroupStore in memory with the conditions of the real one: what the rules of grouping are tested against. */
import { dueAt } from '../../core/contracts/due-time.ts';
import type {
  DecisionRecord,
  GroupItem,
  GroupManifest,
  InstanceItem,
  UnroutedItem,
} from '../../core/contracts/items.ts';
import { groupId, tableKeys } from '../../core/contracts/keys.ts';
import type { GroupStore, Touch } from '../../core/processors/group-store.ts';

export interface MemoryGroups extends GroupStore {
  readonly groupItems: Map<string, GroupItem>;
  /** By table key, in its order. */
  readonly instanceItems: Map<string, InstanceItem>;
  readonly manifests: Map<string, GroupManifest>;
  readonly unrouted: UnroutedItem[];
  /** By SOP class. */
  readonly ignored: Map<string, number>;
  readonly decisions: DecisionRecord[];
  readonly indexed: Map<string, ReadonlySet<string>>;
}

/** What a touch makes of a group, whatever it was. */
export const touched = (
  group: GroupItem | undefined,
  { listener, promise, lastReceivedAt, instances, touchedBy }: Touch,
): Partial<GroupItem> => ({
  promises: { ...group?.promises, [listener]: promise },
  version: (group?.version ?? 0) + 1,
  instanceCount: (group?.instanceCount ?? 0) + instances,
  lastReceivedAt,
  touchedBy,
});

export const memoryGroups = (): MemoryGroups => {
  const groupItems = new Map<string, GroupItem>();
  const instanceItems = new Map<string, InstanceItem>();
  const manifests = new Map<string, GroupManifest>();
  const unrouted: UnroutedItem[] = [];
  const ignored = new Map<string, number>();
  const decisions: DecisionRecord[] = [];
  const indexed = new Map<string, ReadonlySet<string>>();

  const instanceKey = (keyId: string, sopInstanceUid: string, sha256: string): string => {
    const { pk, sk } = tableKeys.instance(keyId, sopInstanceUid, sha256);
    return `${pk} ${sk}`;
  };
  const generations = (keyId: string): GroupItem[] =>
    [...groupItems.values()]
      .filter((group) => group.keyId === keyId)
      .toSorted((a, b) => a.generation - b.generation);
  const change = (id: string, holds: (group: GroupItem) => boolean, by: Partial<GroupItem>) => {
    const group = groupItems.get(id);
    if (group === undefined || !holds(group)) return Promise.resolve(false);
    groupItems.set(id, { ...group, ...by });
    return Promise.resolve(true);
  };
  const inState = (
    state: string,
    time: (group: GroupItem) => number,
    limit: number,
    before: number,
  ) =>
    Promise.resolve(
      [...groupItems.values()]
        .filter((group) => group.state === state && time(group) <= before)
        .toSorted((a, b) => time(a) - time(b))
        .slice(0, limit),
    );

  return {
    groupItems,
    instanceItems,
    manifests,
    unrouted,
    ignored,
    decisions,
    indexed,
    newest: (keyId) => Promise.resolve(generations(keyId).at(-1)),
    get: (keyId, generation) => Promise.resolve(groupItems.get(groupId(keyId, generation))),
    generations: (keyId) => Promise.resolve(generations(keyId)),
    open: (group) => {
      if (groupItems.has(group.id)) return Promise.resolve(false);
      groupItems.set(group.id, group);
      return Promise.resolve(true);
    },
    touch: (keyId, generation, touch) => {
      const id = groupId(keyId, generation);
      const isAsTaken = ({ state, held = false, promises }: GroupItem): boolean =>
        state === 'COLLECTING' &&
        held === touch.held &&
        (promises[touch.listener]?.turn ?? 0) <= touch.promise.turn;
      return change(id, isAsTaken, touched(groupItems.get(id), touch));
    },
    claim: ({ keyId, generation, version }, claim) =>
      change(
        groupId(keyId, generation),
        (group) => group.state === 'COLLECTING' && group.version === version,
        {
          ...{ state: 'CLAIMED', held: false, ...claim },
          ...(claim.inputs === undefined ? {} : { inputs: [...claim.inputs] }),
        } as Partial<GroupItem>,
      ),
    hold: ({ keyId, generation, version }, hold) =>
      change(
        groupId(keyId, generation),
        (group) => group.state === 'COLLECTING' && group.version === version,
        {
          ...{ ...hold, inputs: [...hold.inputs], held: true, incomplete: true },
          version: version + 1,
        },
      ),
    endWindow: ({ keyId, generation }) => {
      const id = groupId(keyId, generation);
      return change(id, ({ state, held }) => state === 'COLLECTING' && held === true, {
        windowOver: true,
        version: (groupItems.get(id)?.version ?? 0) + 1,
      });
    },
    release: ({ keyId, generation }, release) =>
      change(groupId(keyId, generation), (group) => group.state === 'CLAIMED', {
        state: 'RELEASED',
        ...release,
        sessions: [...release.sessions],
      }),
    putInstance: (item) => {
      const key = instanceKey(item.keyId, item.sopInstanceUid, item.sha256);
      const before = instanceItems.get(key);
      const isLater =
        before?.doomedAt !== undefined && (before.incarnation ?? 1) < (item.incarnation ?? 1);
      const isNew = before === undefined || isLater;
      if (isNew) instanceItems.set(key, item);
      const others = [...instanceItems.values()].filter(
        ({ aeTitle, sopInstanceUid, sha256 }) =>
          aeTitle === item.aeTitle &&
          sopInstanceUid === item.sopInstanceUid &&
          sha256 !== item.sha256,
      );
      return Promise.resolve({ isNew, others });
    },
    getInstance: (keyId, sopInstanceUid, sha256) =>
      Promise.resolve(instanceItems.get(instanceKey(keyId, sopInstanceUid, sha256))),
    instances: (keyId) =>
      Promise.resolve(
        [...instanceItems.values()].filter(
          (item) => item.keyId === keyId && item.doomedAt === undefined,
        ),
      ),
    putUnrouted: (item) => {
      unrouted.push(item);
      return Promise.resolve(undefined);
    },
    countIgnored: ({ sopClassUid, count }) => {
      ignored.set(sopClassUid, (ignored.get(sopClassUid) ?? 0) + count);
      return Promise.resolve();
    },
    recordDecision: (record) => {
      decisions.push(record);
      return Promise.resolve();
    },
    manifest: (id) => Promise.resolve(manifests.get(id)),
    sealManifest: (manifest) => {
      const winner = manifests.get(manifest.groupId) ?? manifest;
      manifests.set(manifest.groupId, winner);
      return Promise.resolve(winner);
    },
    indexStudies: (id, studies) => {
      indexed.set(id, new Set(studies));
      return Promise.resolve();
    },
    indexSubjects: () => Promise.resolve(),
    collectingDueBefore: (time, limit) => inState('COLLECTING', dueAt, limit, time),
    claimedBefore: (time, limit) =>
      inState('CLAIMED', ({ claimedAt = 0 }) => claimedAt, limit, time),
  };
};
