/**
 * Which of a key's instances a generation has: what no earlier one has. A rerun that has members repeats those of
 * earlier generations beside them.
 */
import type { GroupItem, GroupManifest, InstanceItem } from '../contracts/items.ts';

/** By time of reception; of the same moment always in the same order. */
export const byArrival = (a: InstanceItem, b: InstanceItem): number =>
  a.receivedAt - b.receivedAt || (a.objectKey < b.objectKey ? -1 : 1);

/** Tells an instance from one that was stored anew after it was reclaimed, even under the same object key. */
export const memberId = ({
  objectKey,
  receivedAt,
}: Pick<InstanceItem, 'objectKey' | 'receivedAt'>): string => `${receivedAt} ${objectKey}`;

export const manifestInstances = (manifest: GroupManifest) =>
  manifest.series.flatMap(({ instances }) => instances);

export const memberIds = (manifest: GroupManifest): string[] =>
  manifestInstances(manifest).map(memberId);

/** What a rerun has beside its own members. */
export interface Repetition {
  /** Member ids. */
  readonly repeated: ReadonlySet<string>;
  /** The latest of the generations that have them. */
  readonly supersedes: string;
}

/** A generation, and what it has: as its manifest says, or what it would have if it were sealed now. */
export interface Holding {
  readonly group: GroupItem;
  readonly members: readonly string[];
}

const isIn = (holdings: readonly Holding[]) => {
  const taken = new Set(holdings.flatMap(({ members }) => members));
  return (item: InstanceItem): boolean => taken.has(memberId(item));
};

/** Without versions of a SOP instance that a later one replaces: by its arrival, so that everybody finds the same. */
const withoutReplaced = (items: readonly InstanceItem[]): readonly InstanceItem[] => {
  const latest = new Map<string, InstanceItem>();
  for (const item of items) {
    if (item.replaces !== true) continue;
    const known = latest.get(item.sopInstanceUid);
    if (known === undefined || byArrival(known, item) < 0) latest.set(item.sopInstanceUid, item);
  }
  if (latest.size === 0) return items;
  return items.filter((item) => {
    const replacing = latest.get(item.sopInstanceUid);
    return replacing === undefined || byArrival(item, replacing) >= 0;
  });
};

/**
 * What a generation can have: what earlier ones have, and what came in its time. What came after the window of a held
 * one belongs to the generation that was opened by it, if there is one, and replaces nothing here: else to the held
 * one, where its touch was good. A version that an earlier one has replaces others whenever it came, or what was left
 * out there because of it would come to light here.
 */
const candidatesOf = (
  group: GroupItem,
  items: readonly InstanceItem[],
  taken: (item: InstanceItem) => boolean,
  isLast: boolean,
): readonly InstanceItem[] => {
  const isHeldBack = group.late === 'hold' || group.incomplete === true;
  const before = isHeldBack && !isLast ? (group.lateUntil ?? Infinity) : Infinity;
  return withoutReplaced(
    before === Infinity ? items : items.filter((item) => item.receivedAt < before || taken(item)),
  );
};

/** The members of a generation: what no earlier one has. */
const membersOf = (
  group: GroupItem,
  items: readonly InstanceItem[],
  earlier: readonly Holding[],
  isLast: boolean,
): InstanceItem[] => {
  // Claimed because nobody belonged to it: what has come since then opened a generation of its own.
  if (group.closedBecause === 'empty') return [];
  const taken = isIn(earlier);
  return candidatesOf(group, items, taken, isLast).filter((item) => !taken(item));
};

/**
 * What a rerun repeats: all of the generations that had something and were released within the window before it
 * was opened. One that a person still holds was not released.
 */
const repetitionOf = (group: GroupItem, earlier: readonly Holding[]): Repetition | undefined => {
  if (group.late !== 'rerun') return undefined;
  const since = group.openedAt - (group.lateWindowMs ?? 0);
  const recent = earlier.filter(
    ({ group: { held, releasedAt, claimedAt = 0 }, members }) =>
      held !== true && (releasedAt ?? claimedAt) > since && members.length > 0,
  );
  const latest = recent.at(-1);
  return latest === undefined
    ? undefined
    : {
        repeated: new Set(recent.flatMap(({ members }) => members)),
        supersedes: latest.group.id,
      };
};

/** A generation among those of its key. */
export interface Place {
  readonly group: GroupItem;
  readonly earlier: readonly Holding[];
  readonly isLast: boolean;
}

/** What is, or would be, written down of a generation. */
export interface Contents {
  readonly members: readonly InstanceItem[];
  /** What a rerun has beside them. */
  readonly repeats: readonly InstanceItem[];
  readonly repetition: Repetition | undefined;
}

/** What would be written down if the generation were sealed with these items. */
export const contentsOf = (
  { group, earlier, isLast }: Place,
  items: readonly InstanceItem[],
): Contents => {
  const members = membersOf(group, items, earlier, isLast);
  // Nothing new: the instance by which it was opened was still in time for the generation before.
  const repetition = members.length === 0 ? undefined : repetitionOf(group, earlier);
  const taken = isIn(earlier);
  const repeats = candidatesOf(group, items, taken, isLast).filter(
    (item) => taken(item) && repetition?.repeated.has(memberId(item)) === true,
  );
  return { members, repeats, repetition };
};

/**
 * What a generation that is not sealed has as of now; undefined if it is none of these. `manifests` are those of the
 * generations before it, as far as they have any.
 */
export const presentContents = (
  id: string,
  generations: readonly GroupItem[],
  items: readonly InstanceItem[],
  manifests: ReadonlyMap<string, GroupManifest>,
): Contents | undefined => {
  const earlier: Holding[] = [];
  for (const group of generations) {
    const isLast = group.id === generations.at(-1)?.id;
    if (group.id === id) return contentsOf({ group, earlier, isLast }, items);
    const manifest = manifests.get(group.id);
    const members =
      manifest === undefined
        ? membersOf(group, items, earlier, isLast).map(memberId)
        : memberIds(manifest);
    earlier.push({ group, members });
  }
  return undefined;
};
