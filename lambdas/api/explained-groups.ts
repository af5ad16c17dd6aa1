/**
 * Finds the groups of a study, a patient or an accession. Released ones are in an index; of those that still
 * collect, the key or the instances tell it.
 */
import { z } from 'zod';
import { GroupItem, type GroupManifest, type InstanceItem } from '../../core/contracts/items.ts';
import { groupKeyId, parseGroupId, stateIndexKeys, tableKeys } from '../../core/contracts/keys.ts';
import type { ApiContext } from './context.ts';
import { membersOf } from './group-members.ts';

/** What a person may ask for, each an identifier of its own. */
const KEYWORDS = ['StudyInstanceUID', 'PatientID', 'AccessionNumber'] as const;

/** Groups that are not released, and of which instances are read: a site has few at a time. */
const MAX_OPEN = 200;

const Entry = z.object({ id: z.string() });

type Identified = Pick<InstanceItem, 'studyInstanceUid' | 'patientId' | 'attributes'>;

/** The accession number is of the study, which the headers of an instance or of a series describe. */
const accessionOf = ({ attributes }: Pick<Identified, 'attributes'>): string => {
  const value = attributes['AccessionNumber'];
  return typeof value === 'string' ? value.trim() : '';
};

export const isOf = (item: Identified, text: string): boolean =>
  item.studyInstanceUid === text || item.patientId.trim() === text || accessionOf(item) === text;

/** The studies of a sealed group that `text` names. */
export const studiesNamed = (series: GroupManifest['series'], text: string): string[] =>
  series.filter((item) => isOf(item, text)).map(({ studyInstanceUid }) => studyInstanceUid);

const indexed = async ({ table }: ApiContext, text: string): Promise<string[]> => {
  const partitions = [
    tableKeys.studyPartition(text),
    tableKeys.patientPartition(text),
    tableKeys.accessionPartition(text),
  ];
  const found = await Promise.all(partitions.map((pk) => table.queryAll(pk, 'G#', Entry)));
  return found.flat().map(({ id }) => id);
};

/** The keys that an AE title makes of it by today's settings. */
const keyed = async ({ configuration, groups }: ApiContext, text: string): Promise<GroupItem[]> => {
  const aeTitles = await configuration.aeTitles.list();
  const keys = aeTitles.flatMap(({ aeTitle }) =>
    KEYWORDS.map((keyword) => groupKeyId(aeTitle, [keyword], [text])),
  );
  return (await Promise.all(keys.map((key) => groups.generations(key)))).flat();
};

const hasMemberOf = async (context: ApiContext, group: GroupItem, text: string) => {
  const { manifest, items } = await membersOf(context, group);
  return (manifest?.series ?? items ?? []).some((item) => isOf(item, text));
};

const open = async (context: ApiContext, text: string): Promise<GroupItem[]> => {
  const states = await Promise.all(
    (['COLLECTING', 'CLAIMED'] as const).map((state) =>
      context.table.queryState(stateIndexKeys.group(state), GroupItem, {
        newestFirst: true,
        limit: MAX_OPEN,
      }),
    ),
  );
  const found: GroupItem[] = [];
  for (const group of states.flat()) {
    if (group.keyValues.includes(text) || (await hasMemberOf(context, group, text))) {
      found.push(group);
    }
  }
  return found;
};

/** The first one opened first. */
export const groupsNamed = async (context: ApiContext, text: string): Promise<GroupItem[]> => {
  const [ids, ...others] = await Promise.all([
    indexed(context, text),
    keyed(context, text),
    open(context, text),
  ]);
  const wanted = new Set([...ids, ...others.flat().map(({ id }) => id)]);
  const items = await Promise.all(
    [...wanted].map(async (id) => {
      const parsed = parseGroupId(id);
      return parsed && (await context.groups.get(parsed.keyId, parsed.generation));
    }),
  );
  return items.filter((item) => item !== undefined).sort((a, b) => a.openedAt - b.openedAt);
};
