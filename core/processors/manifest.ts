/**
 * Sealing: the members of a claimed generation are written down once. Generations are sealed in order, because
 * a member is what no earlier manifest holds (members.ts); whoever finds an earlier one claimed but not sealed seals it first.
 */
import type { GroupItem, GroupManifest, InstanceItem } from '../contracts/items.ts';
import type { Clock } from '../contracts/ports.ts';
import type { GroupStore } from './group-store.ts';
import {
  byArrival,
  contentsOf,
  memberId,
  memberIds,
  type Holding,
  type Place,
  type Repetition,
} from './members.ts';

/** An earlier generation is still collecting: no later one can have been opened, so the table is not consistent. */
export class GenerationOutOfOrder extends Error {
  override readonly name = 'GenerationOutOfOrder';
  readonly groupId: string;
  constructor(groupId: string) {
    super(`${groupId} is still collecting although a later generation was opened`);
    this.groupId = groupId;
  }
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

export interface SealDependencies {
  readonly groups: Pick<
    GroupStore,
    'generations' | 'instances' | 'manifest' | 'sealManifest' | 'endWindow'
  >;
  readonly clock: Clock;
  sleep(milliseconds: number): Promise<void>;
}

/** Undefined while the generation has no manifest. */
const sealedMembers = async (
  { groups }: SealDependencies,
  { id }: GroupItem,
): Promise<string[] | undefined> => {
  const manifest = await groups.manifest(id);
  return manifest === undefined ? undefined : memberIds(manifest);
};

/** The instances of a key, and when they were asked for. */
interface KeyInstances {
  readonly at: number;
  readonly items: readonly InstanceItem[];
}

const readInstances = async (
  { groups, clock }: SealDependencies,
  keyId: string,
): Promise<KeyInstances> => ({ at: clock(), items: await groups.instances(keyId) });

/** What was read before all promises were over is read again. */
const seal = async (
  deps: SealDependencies,
  place: Place,
  read?: KeyInstances,
): Promise<GroupManifest> => {
  const { group } = place;
  const { sealAfter = 0 } = group;
  const wait = sealAfter - deps.clock();
  if (wait > 0) await deps.sleep(wait);
  const { items } =
    read !== undefined && read.at >= sealAfter ? read : await readInstances(deps, group.keyId);
  const { members, repeats, repetition } = contentsOf(place, items);
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
  const before = generations.slice(
    0,
    generations.findIndex((group) => group.id === id),
  );
  const sealed = await Promise.all(before.map((group) => sealedMembers(deps, group)));
  for (const [index, group] of generations.entries()) {
    const isLast = group === generations.at(-1);
    if (group.id === id) return { group, earlier, isLast };
    if (group.state === 'COLLECTING' && group.held !== true) {
      throw new GenerationOutOfOrder(group.id);
    }
    let members = sealed[index];
    if (members === undefined) {
      if (!(await endWindow(deps, group))) return placeOf(deps, { id, keyId });
      members = memberIds(await seal(deps, { group, earlier, isLast }));
    }
    earlier.push({ group, members });
  }
  throw new GenerationOutOfOrder(id);
};

/**
 * The manifest of a claimed group: the one that it has, or a new one. What that of a first generation is made of is read
 * at once, for nothing is sealed before it, and most groups are such; it has one already only if a release is repeated,
 * and then whoever was first has written it.
 */
export const sealGroup = async (
  deps: SealDependencies,
  group: Pick<GroupItem, 'id' | 'keyId' | 'generation' | 'instanceKeys'>,
): Promise<GroupManifest> => {
  const isSealedWhenBorn = group.instanceKeys !== undefined;
  const isFirst = group.generation === 1 && !isSealedWhenBorn;
  const existing = isFirst ? undefined : await deps.groups.manifest(group.id);
  if (existing !== undefined) return existing;
  const [place, read] = await Promise.all([
    placeOf(deps, group),
    isFirst ? readInstances(deps, group.keyId) : undefined,
  ]);
  if (place.group.state === 'COLLECTING') throw new GenerationOutOfOrder(place.group.id);
  return seal(deps, place, read);
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
  const members = new Set(memberIds(manifest));
  return items.filter((item) => members.has(memberId(item)));
};
