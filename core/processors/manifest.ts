/**
 * Sealing: the members of a claimed generation are written down once. Generations are sealed in order, because
 * a member is what no earlier manifest holds; whoever finds an earlier one claimed but not sealed seals it first.
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

/** Series in the order of their first instance's arrival, instances in the order of arrival. */
export const buildManifest = (
  group: Pick<GroupItem, 'id' | 'aeTitle' | 'groupBy'>,
  members: readonly InstanceItem[],
  sealedAt: number,
): GroupManifest => {
  const series = new Map<string, GroupManifest['series'][number]>();
  for (const item of members.toSorted(byArrival)) {
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
    });
  }
  const { id, aeTitle, groupBy } = group;
  return { groupId: id, aeTitle, groupBy, sealedAt, series: [...series.values()] };
};

export const manifestInstances = (manifest: GroupManifest) =>
  manifest.series.flatMap(({ instances }) => instances);

export interface SealDependencies {
  readonly groups: Pick<GroupStore, 'generations' | 'instances' | 'manifest' | 'sealManifest'>;
  readonly clock: Clock;
  sleep(milliseconds: number): Promise<void>;
}

/** The manifest of a claimed group: the one that it has, or a new one. */
export const sealGroup = async (
  deps: SealDependencies,
  group: Pick<GroupItem, 'id' | 'keyId' | 'generation'>,
): Promise<GroupManifest> => {
  const { groups, clock } = deps;
  const existing = await groups.manifest(group.id);
  if (existing !== undefined) return existing;

  const taken = new Set<string>();
  for (const generation of await groups.generations(group.keyId)) {
    if (generation.state === 'COLLECTING') throw new GenerationOutOfOrder(generation.id);
    let manifest = await groups.manifest(generation.id);
    if (manifest === undefined) {
      const wait = (generation.sealAfter ?? 0) - clock();
      if (wait > 0) await deps.sleep(wait);
      const items = await groups.instances(group.keyId);
      const members = items.filter(({ objectKey }) => !taken.has(objectKey));
      manifest = await groups.sealManifest(buildManifest(generation, members, clock()));
    }
    if (generation.id === group.id) return manifest;
    for (const { objectKey } of manifestInstances(manifest)) taken.add(objectKey);
  }
  throw new GenerationOutOfOrder(group.id);
};
