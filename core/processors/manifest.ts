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

/** What a rerun has beside its own members. */
export interface Repetition {
  /** By object key. */
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
      ...(repetition?.repeated.has(item.objectKey) === true ? { repeated: true } : {}),
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
  readonly groups: Pick<GroupStore, 'generations' | 'instances' | 'manifest' | 'sealManifest'>;
  readonly clock: Clock;
  sleep(milliseconds: number): Promise<void>;
}

/** What the earlier, sealed generations of a key hold. */
interface Earlier {
  readonly group: GroupItem;
  readonly objectKeys: readonly string[];
}

const isTaken = (earlier: readonly Earlier[]) => {
  const taken = new Set(earlier.flatMap(({ objectKeys }) => objectKeys));
  return ({ objectKey }: InstanceItem): boolean => taken.has(objectKey);
};

/**
 * What a rerun repeats: all of the generations that had something and were released within the window before it
 * was opened. One that a person still holds was not released.
 */
const repetitionOf = (group: GroupItem, earlier: readonly Earlier[]): Repetition | undefined => {
  if (group.late !== 'rerun') return undefined;
  const since = group.openedAt - (group.lateWindowMs ?? 0);
  const recent = earlier.filter(
    ({ group: { held, releasedAt, claimedAt = 0 }, objectKeys }) =>
      held !== true && (releasedAt ?? claimedAt) > since && objectKeys.length > 0,
  );
  const latest = recent.at(-1);
  return latest === undefined
    ? undefined
    : {
        repeated: new Set(recent.flatMap(({ objectKeys }) => objectKeys)),
        supersedes: latest.group.id,
      };
};

const seal = async (
  deps: SealDependencies,
  group: GroupItem,
  earlier: readonly Earlier[],
): Promise<GroupManifest> => {
  const wait = (group.sealAfter ?? 0) - deps.clock();
  if (wait > 0) await deps.sleep(wait);
  const items = await deps.groups.instances(group.keyId);
  const taken = isTaken(earlier);
  // Claimed because nobody belonged to it: what has come since then opened a generation of its own.
  const members = group.closedBecause === 'empty' ? [] : items.filter((item) => !taken(item));
  // Nothing new: the instance by which it was opened was still in time for the generation before.
  const repetition = members.length === 0 ? undefined : repetitionOf(group, earlier);
  const repeats = items.filter(
    (item) => taken(item) && repetition?.repeated.has(item.objectKey) === true,
  );
  return deps.groups.sealManifest(
    buildManifest(group, [...members, ...repeats], deps.clock(), repetition),
  );
};

/** Of the generations before this one, what each holds: those that are claimed only are sealed now. */
const sealedBefore = async (
  deps: SealDependencies,
  { id, keyId, generation }: Pick<GroupItem, 'id' | 'keyId' | 'generation'>,
): Promise<{ earlier: Earlier[]; own: GroupItem }> => {
  const earlier: Earlier[] = [];
  for (const group of await deps.groups.generations(keyId)) {
    if (group.generation === generation) return { earlier, own: group };
    if (group.state === 'COLLECTING') throw new GenerationOutOfOrder(group.id);
    const manifest = (await deps.groups.manifest(group.id)) ?? (await seal(deps, group, earlier));
    earlier.push({
      group,
      objectKeys: manifestInstances(manifest).map(({ objectKey }) => objectKey),
    });
  }
  throw new GenerationOutOfOrder(id);
};

/** The manifest of a claimed group: the one that it has, or a new one. */
export const sealGroup = async (
  deps: SealDependencies,
  group: Pick<GroupItem, 'id' | 'keyId' | 'generation'>,
): Promise<GroupManifest> => {
  const existing = await deps.groups.manifest(group.id);
  if (existing !== undefined) return existing;
  const { earlier, own } = await sealedBefore(deps, group);
  if (own.state === 'COLLECTING') throw new GenerationOutOfOrder(own.id);
  return seal(deps, own, earlier);
};

/** Whether a collecting group has any instance that no earlier generation has, as of now. */
export const hasMembers = async (
  deps: SealDependencies,
  group: Pick<GroupItem, 'id' | 'keyId' | 'generation'>,
): Promise<boolean> => {
  const { earlier } = await sealedBefore(deps, group);
  const taken = isTaken(earlier);
  return (await deps.groups.instances(group.keyId)).some((item) => !taken(item));
};
