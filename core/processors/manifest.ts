/**
 * Sealing: the members of a claimed generation are written down once. Generations are sealed in order, because
 * a member is what no earlier manifest holds; whoever finds an earlier one claimed but not sealed seals it first.
 * A rerun that has members repeats those of earlier generations beside them.
 */
import type { GroupItem, GroupManifest, InstanceItem } from '../contracts/items.ts';
import type { Clock } from '../contracts/ports.ts';
import type { GroupStore } from './group-store.ts';

/** An earlier generation is still collecting: no later one can have been opened, so the table is not consistent. */
export class GenerationOutOfOrder extends Error {
  override readonly name = 'GenerationOutOfOrder';
  readonly groupId: string;
  constructor(groupId: string) {
    super(`${groupId} is still collecting although a later generation was opened`);
    this.groupId = groupId;
  }
}

const byArrival = (a: InstanceItem, b: InstanceItem): number =>
  a.receivedAt - b.receivedAt || (a.objectKey < b.objectKey ? -1 : 1);

/** Tells an instance from one that was stored anew after it was reclaimed, even under the same object key. */
export const memberId = ({
  objectKey,
  receivedAt,
}: Pick<InstanceItem, 'objectKey' | 'receivedAt'>): string => `${receivedAt} ${objectKey}`;

/** What a rerun has beside its own members. */
export interface Repetition {
  /** Member ids. */
  readonly repeated: ReadonlySet<string>;
  /** The latest of the generations that have them. */
  readonly supersedes: string;
}

/** Series in the order of their first instance's arrival, instances in the order of arrival. */
export const buildManifest = (
  group: Pick<GroupItem, 'id' | 'aeTitle' | 'groupBy'>,
  instances: readonly InstanceItem[],
  sealedAt: number,
  repetition?: Repetition,
): GroupManifest => {
  const series = new Map<string, GroupManifest['series'][number]>();
  for (const item of instances.toSorted(byArrival)) {
    const { patientId, issuerOfPatientId, studyInstanceUid, seriesInstanceUid } = item;
    const id = JSON.stringify([patientId, issuerOfPatientId, studyInstanceUid, seriesInstanceUid]);
    const entry = series.get(id) ?? {
      patientId,
      issuerOfPatientId,
      studyInstanceUid,
      seriesInstanceUid,
      attributes: item.attributes,
      instances: [],
    };
    series.set(id, entry);
    entry.instances.push({
      sopInstanceUid: item.sopInstanceUid,
      sopClassUid: item.sopClassUid,
      transferSyntaxUid: item.transferSyntaxUid,
      objectKey: item.objectKey,
      size: item.size,
      sha256: item.sha256,
      receivedAt: item.receivedAt,
      callingAeTitle: item.callingAeTitle,
      associationId: item.associationId,
      ...(repetition?.repeated.has(memberId(item)) === true ? { repeated: true } : {}),
    });
  }
  const { id, aeTitle, groupBy } = group;
  const { supersedes } = repetition ?? {};
  return {
    groupId: id,
    aeTitle,
    groupBy,
    sealedAt,
    ...(supersedes === undefined ? {} : { supersedes }),
    series: [...series.values()],
  };
};

export const manifestInstances = (manifest: GroupManifest) =>
  manifest.series.flatMap(({ instances }) => instances);

export interface SealDependencies {
  readonly groups: Pick<
    GroupStore,
    'generations' | 'instances' | 'manifest' | 'sealManifest' | 'endWindow'
  >;
  readonly clock: Clock;
  sleep(milliseconds: number): Promise<void>;
}

/** A generation, and what it has: as its manifest says, or what it would have if it were sealed now. */
interface Holding {
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

/** Members of a generation that is not sealed, as of now; `manifests` are those of the generations before it. */
export const presentMembers = (
  id: string,
  generations: readonly GroupItem[],
  items: readonly InstanceItem[],
  manifests: ReadonlyMap<string, GroupManifest>,
): InstanceItem[] => {
  const earlier: Holding[] = [];
  for (const group of generations) {
    const manifest = manifests.get(group.id);
    const members = membersOf(group, items, earlier, group.id === generations.at(-1)?.id);
    if (group.id === id) return members;
    const held = manifest === undefined ? members : manifestInstances(manifest);
    earlier.push({ group, members: held.map(memberId) });
  }
  return [];
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

interface Place {
  readonly group: GroupItem;
  readonly earlier: readonly Holding[];
  readonly isLast: boolean;
}

interface Contents {
  readonly members: readonly InstanceItem[];
  /** What a rerun has beside them. */
  readonly repeats: readonly InstanceItem[];
  readonly repetition: Repetition | undefined;
}

/** What would be written down if the generation were sealed with these items. */
const contentsOf = (
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

const seal = async (deps: SealDependencies, place: Place): Promise<GroupManifest> => {
  const { group } = place;
  const wait = (group.sealAfter ?? 0) - deps.clock();
  if (wait > 0) await deps.sleep(wait);
  const { members, repeats, repetition } = contentsOf(
    place,
    await deps.groups.instances(group.keyId),
  );
  return deps.groups.sealManifest(
    buildManifest(group, [...members, ...repeats], deps.clock(), repetition),
  );
};

/** True once nobody can claim the held group as it was before; false when it was claimed meanwhile. */
const endWindow = ({ groups }: SealDependencies, group: GroupItem): Promise<boolean> =>
  group.state !== 'COLLECTING' || group.windowOver === true
    ? Promise.resolve(true)
    : groups.endWindow(group);

/**
 * The generation, with what those before it have: such as are claimed only are sealed now. So is a held one, which
 * takes nothing more once a later one is there, and goes on waiting for its person. It is written down first that its
 * window is over: whoever finds it empty at the same time would close it, and this manifest would not be.
 */
const placeOf = async (
  deps: SealDependencies,
  { id, keyId }: Pick<GroupItem, 'id' | 'keyId'>,
): Promise<Place> => {
  const earlier: Holding[] = [];
  const generations = await deps.groups.generations(keyId);
  for (const group of generations) {
    const isLast = group === generations.at(-1);
    if (group.id === id) return { group, earlier, isLast };
    if (group.state === 'COLLECTING' && group.held !== true) {
      throw new GenerationOutOfOrder(group.id);
    }
    let manifest = await deps.groups.manifest(group.id);
    if (manifest === undefined) {
      if (!(await endWindow(deps, group))) return placeOf(deps, { id, keyId });
      manifest = await seal(deps, { group, earlier, isLast });
    }
    earlier.push({ group, members: manifestInstances(manifest).map(memberId) });
  }
  throw new GenerationOutOfOrder(id);
};

/** The manifest of a claimed group: the one that it has, or a new one. */
export const sealGroup = async (
  deps: SealDependencies,
  group: Pick<GroupItem, 'id' | 'keyId'>,
): Promise<GroupManifest> => {
  const existing = await deps.groups.manifest(group.id);
  if (existing !== undefined) return existing;
  const place = await placeOf(deps, group);
  if (place.group.state === 'COLLECTING') throw new GenerationOutOfOrder(place.group.id);
  return seal(deps, place);
};

/**
 * The instances of a collecting group, those of a rerun with what it repeats: as of now, or once and for all if its window is over.
 * None when nothing of them is new.
 */
export const collectingInstances = async (
  deps: SealDependencies,
  { id, keyId }: Pick<GroupItem, 'id' | 'keyId'>,
): Promise<readonly InstanceItem[]> => {
  const place = await placeOf(deps, { id, keyId });
  const items = await deps.groups.instances(keyId);
  if (place.group.windowOver !== true) {
    const { members, repeats } = contentsOf(place, items);
    return [...members, ...repeats];
  }
  const manifest = (await deps.groups.manifest(id)) ?? (await seal(deps, place));
  const members = new Set(manifestInstances(manifest).map(memberId));
  return items.filter((item) => members.has(memberId(item)));
};
