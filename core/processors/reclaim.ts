/**
 * The storage space reclaimer's work on one hand-over. First the instances are doomed: one transaction takes them
 * from everybody, on the condition that nobody has begun to use them since it was looked. Then their objects are
 * deleted. An hour later, when nobody can still be storing or deleting under those names, their items go as well.
 * Every step may be repeated. docs/architecture.md, "Deleting, exactly", has the rule.
 */
import type { SessionStore } from '../running/session-store.ts';
import type { DecisionRecord, GroupItem, InstanceItem } from '../contracts/items.ts';
import { parseGroupId } from '../contracts/keys.ts';
import type { Clock, ObjectStore } from '../contracts/ports.ts';
import type { HandOverItem, InstanceReference } from '../contracts/reclaim-items.ts';
import type { GroupStore } from './group-store.ts';
import { objectKeysUpTo } from './instance-object.ts';
import { findGroup, otherUsers } from './instance-users.ts';
import { manifestInstances, memberId } from './members.ts';
import { MAX_DOOMED_AT_ONCE, type ReclaimStore } from './reclaim-store.ts';

/** Longer than a listener takes from an object to its item, and than a function lives that deletes. */
export const PURGE_AFTER_MS = 3_600_000;

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

export interface ReclaimDependencies {
  readonly reclaims: ReclaimStore;
  readonly groups: Pick<GroupStore, 'generations' | 'manifest' | 'recordDecision'>;
  readonly sessions: Pick<SessionStore, 'getSession'>;
  readonly objects: Pick<ObjectStore, 'delete'>;
  readonly clock: Clock;
}

export type ReclaimOutcome =
  | { readonly outcome: 'waiting'; readonly for: NonNullable<HandOverItem['waitingFor']> }
  /** The objects are gone. */
  | { readonly outcome: 'deleted'; readonly instances: number }
  /** The items are gone as well: the hand-over is done. */
  | { readonly outcome: 'done' };

type Blocked = NonNullable<HandOverItem['waitingFor']>;

/** What the hand-over names: the members of its group, or its own list. Undefined when the group is not sealed yet. */
const wantedOf = async (
  { groups }: ReclaimDependencies,
  { groupId, instances = [] }: HandOverItem,
): Promise<readonly InstanceReference[]> => {
  if (groupId === undefined) return instances;
  const manifest = await groups.manifest(groupId);
  return manifest === undefined ? [] : manifestInstances(manifest);
};

const sameInstance = ({ sopInstanceUid, sha256 }: InstanceReference): string =>
  `${sopInstanceUid} ${sha256}`;

/** A submitted group: its instances are handed over key by key, and go where they are. */
const handOverByKey = async (
  { reclaims, clock }: ReclaimDependencies,
  handOver: HandOverItem,
  group: GroupItem,
): Promise<ReclaimOutcome> => {
  for (const keyId of group.instanceKeys ?? []) {
    await reclaims.putHandOver({ ...handOver, keyId, dueAt: clock(), attempts: 0 });
  }
  await reclaims.markHandedOver(group, handOver.handedOver);
  await reclaims.removeHandOver(handOver);
  return { outcome: 'done' };
};

/** Ids of members that other groups keep: such as are released and not handed over, and those on hold. */
const keptBy = async (
  { groups }: ReclaimDependencies,
  keepers: readonly GroupItem[],
): Promise<ReadonlySet<string>> => {
  const manifests = await Promise.all(keepers.map(({ id }) => groups.manifest(id)));
  return new Set(
    manifests.flatMap((manifest) =>
      manifest === undefined ? [] : manifestInstances(manifest).map(memberId),
    ),
  );
};

const replacedBy = (
  going: readonly InstanceItem[],
  items: readonly InstanceItem[],
): InstanceItem[] => {
  const replacing = new Map(
    going.filter(({ replaces }) => replaces === true).map((item) => [item.sopInstanceUid, item]),
  );
  return items.filter((item) => {
    const later = replacing.get(item.sopInstanceUid);
    return (
      later !== undefined &&
      item.doomedAt === undefined &&
      item.receivedAt < later.receivedAt &&
      !going.includes(item)
    );
  });
};

interface Doomed {
  readonly outcome: 'doomed';
  /** Items as they are now: doomed, or stored anew since. */
  readonly items: readonly InstanceItem[];
}

const doom = async (
  deps: ReclaimDependencies,
  handOver: HandOverItem,
): Promise<Doomed | { readonly outcome: 'blocked'; readonly for: Blocked }> => {
  const { reclaims, groups } = deps;
  const { keyId, groupId } = handOver;
  const blocked = (reason: Blocked) => ({ outcome: 'blocked' as const, for: reason });
  // Before anything else is read: whoever begins to use the key afterwards moves it.
  const fence = await reclaims.fence(keyId);
  const own = groupId === undefined ? undefined : parseGroupId(groupId);
  if (own !== undefined) await reclaims.markHandedOver(own, handOver.handedOver);
  const generations = await groups.generations(keyId);
  if (generations.some(({ state }) => state !== 'RELEASED')) return blocked('group-open');
  const users = await otherUsers(deps, keyId, generations);
  if (users === undefined) return blocked('session-running');
  const keepers = [...generations, ...users];

  const wanted = await wantedOf(deps, handOver);
  const onHold = await keptBy(
    deps,
    keepers.filter(({ legalHold }) => legalHold !== undefined),
  );
  const items = new Map(
    (await reclaims.allInstances(keyId)).map((item) => [sameInstance(item), item]),
  );
  const found = wanted.flatMap((reference) => items.get(sameInstance(reference)) ?? []);
  const isMeant = new Set(wanted.map((one) => `${one.receivedAt} ${sameInstance(one)}`));
  const alive = found.filter(
    (item) =>
      item.doomedAt === undefined && isMeant.has(`${item.receivedAt} ${sameInstance(item)}`),
  );
  if (alive.some((item) => onHold.has(memberId(item)))) return blocked('legal-hold');
  const kept =
    groupId === undefined
      ? new Set<string>()
      : await keptBy(
          deps,
          keepers.filter(({ handedOver }) => handedOver === undefined),
        );
  const going = alive.filter((item) => !kept.has(memberId(item)));
  // Versions that one of them replaces are in no group: they go first, or they would come to light again.
  const replaced = replacedBy(going, [...items.values()]);
  const taken = [
    ...replaced.filter((item) => !kept.has(memberId(item)) && !onHold.has(memberId(item))),
    ...going,
  ];
  const newest = generations.at(-1)?.generation ?? 0;
  const at = deps.clock();
  for (let start = 0; start < taken.length; start += MAX_DOOMED_AT_ONCE) {
    const part = taken.slice(start, start + MAX_DOOMED_AT_ONCE);
    if (!(await reclaims.doom(keyId, { fence, newest }, part, at))) return blocked('changed');
  }
  const doomed = new Set(taken);
  return {
    outcome: 'doomed',
    items: [...new Set([...taken, ...found])]
      .map((item) => (doomed.has(item) ? { ...item, doomedAt: at } : item))
      .filter((item) => item.doomedAt !== undefined || (item.incarnation ?? 1) > 1),
  };
};

/** Of a doomed instance all its objects; of one that was stored anew those of its earlier incarnations. */
const objectsOf = (item: InstanceItem): string[] => {
  const incarnation = item.incarnation ?? 1;
  return item.doomedAt === undefined
    ? objectKeysUpTo(item, incarnation - 1).filter((key) => key !== item.objectKey)
    : [...new Set([item.objectKey, ...objectKeysUpTo(item, incarnation)])];
};

const recordOf = (handOver: HandOverItem): DecisionRecord => {
  const { handedOver, deletedCount = 0, deletedAt = 0 } = handOver;
  return {
    // Written again by who repeats the step, at the same time and with the same id.
    id: `reclaimed-${handOver.id}`,
    at: deletedAt,
    code: 'instances-reclaimed',
    message:
      `${deletedCount} instances were deleted: handed over by ${handedOver.reason}` +
      ` (${handedOver.by}) on ${new Date(handedOver.at).toISOString()}.`,
    aeTitle: handOver.aeTitle,
    ...(handOver.groupId === undefined ? {} : { groupId: handOver.groupId }),
  };
};

const deleteObjects = async (
  deps: ReclaimDependencies,
  handOver: HandOverItem,
): Promise<ReclaimOutcome> => {
  const { reclaims, groups, objects, clock } = deps;
  const group =
    handOver.groupId === undefined ? undefined : await findGroup(deps, handOver.groupId);
  if (group?.instanceKeys !== undefined && group.keyId === handOver.keyId) {
    return handOverByKey(deps, handOver, group);
  }
  const doomed = await doom(deps, handOver);
  if (doomed.outcome === 'blocked') {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** handOver.attempts);
    await reclaims.updateHandOver({
      ...handOver,
      attempts: handOver.attempts + 1,
      waitingFor: doomed.for,
      dueAt: clock() + pause,
    });
    return { outcome: 'waiting', for: doomed.for };
  }
  await objects.delete(doomed.items.flatMap(objectsOf));
  const deletedAt = clock();
  const deletedCount = doomed.items.filter((item) => item.doomedAt !== undefined).length;
  const deleted = {
    ...handOver,
    waitingFor: undefined,
    deletedAt,
    deletedCount,
    dueAt: deletedAt + PURGE_AFTER_MS,
  };
  await reclaims.updateHandOver(deleted);
  const own = handOver.groupId === undefined ? undefined : parseGroupId(handOver.groupId);
  if (own !== undefined) await reclaims.markReclaimed(own, deletedAt);
  await groups.recordDecision(recordOf(deleted));
  return { outcome: 'deleted', instances: deletedCount };
};

const removeItems = async (
  deps: ReclaimDependencies,
  handOver: HandOverItem,
): Promise<ReclaimOutcome> => {
  const { reclaims, groups } = deps;
  const wanted = new Set(
    (await wantedOf(deps, handOver)).map(({ sopInstanceUid }) => sopInstanceUid),
  );
  for (const item of await reclaims.allInstances(handOver.keyId)) {
    if (item.doomedAt === undefined || !wanted.has(item.sopInstanceUid)) continue;
    // Doomed lately by another hand-over, which will see to it.
    if (deps.clock() - item.doomedAt < PURGE_AFTER_MS) continue;
    // Never its objects now: one that is being stored anew may find no item any more, and rely on its object.
    await reclaims.removeInstance(item);
  }
  const own = handOver.groupId === undefined ? undefined : parseGroupId(handOver.groupId);
  if (own !== undefined) await reclaims.markReclaimed(own, handOver.deletedAt ?? deps.clock());
  await groups.recordDecision(recordOf(handOver));
  await reclaims.removeHandOver(handOver);
  return { outcome: 'done' };
};

export const reclaimHandOver = (
  deps: ReclaimDependencies,
  handOver: HandOverItem,
): Promise<ReclaimOutcome> =>
  handOver.deletedAt === undefined ? deleteObjects(deps, handOver) : removeItems(deps, handOver);
