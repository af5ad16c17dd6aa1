/**
 * What a rule of a pipeline is given: `instances` with the attributes that it reads, by keyword and in the formats
 * of the header documents, `aeTitle`, `sources` (calling AE titles) and `group`. docs/rules.md describes it.
 */
import type { GroupManifest } from '../contracts/items.ts';
import { parseGroupId } from '../contracts/keys.ts';
import { HEADER_KEYWORDS } from '../planning/header-keywords.ts';
import type { NaturalValues } from '../dicom/natural-values.ts';
import type { StoredFile } from '../dicom/stored-header.ts';

type Manifest = Pick<GroupManifest, 'groupId' | 'aeTitle' | 'groupBy' | 'series'>;

export interface RuleDocument {
  readonly instances: readonly NaturalValues[];
  readonly aeTitle: string;
  readonly sources: readonly string[];
  readonly group: {
    readonly id: string;
    readonly groupBy: readonly string[];
    readonly generation: number;
  };
}

/** What every manifest has: attributes of its patients, studies and series, and the UIDs of its instances. */
const IN_MANIFEST: ReadonlySet<string> = new Set([
  ...HEADER_KEYWORDS.series,
  'SOPClassUID',
  'SOPInstanceUID',
]);

/** Where attributes come from: the manifest, as far as it has them, or the instances themselves always. */
export type AttributeSource = 'manifest' | 'objects';

const readsObjects = (keywords: ReadonlySet<string>): boolean =>
  [...keywords].some((keyword) => !IN_MANIFEST.has(keyword));

/** Which keywords there are is decided here, so that a rule sees the same whichever way they were read. */
const picked = (values: NaturalValues, keywords: ReadonlySet<string>): NaturalValues =>
  Object.fromEntries(Object.entries(values).filter(([keyword]) => keywords.has(keyword)));

/** `attributesOf` reads what the manifest does not have; it is not asked for anything else. */
export const groupDocument = async (
  manifest: Manifest,
  keywords: ReadonlySet<string>,
  attributesOf: (members: readonly StoredFile[]) => Promise<readonly NaturalValues[]>,
  from: AttributeSource,
): Promise<RuleDocument> => {
  const members = manifest.series.flatMap((series) =>
    series.instances.map((instance) => ({ series, instance })),
  );
  const read =
    from === 'objects' || readsObjects(keywords)
      ? await attributesOf(members.map(({ instance }) => instance))
      : members.map(({ series, instance: { sopClassUid, sopInstanceUid } }) => ({
          ...series.attributes,
          SOPClassUID: sopClassUid,
          SOPInstanceUID: sopInstanceUid,
        }));
  const { groupId: id, aeTitle, groupBy } = manifest;
  return {
    instances: members.map(({ instance }, index) => ({
      ...picked(read[index] ?? {}, keywords),
      source: instance.callingAeTitle,
    })),
    aeTitle,
    sources: [...new Set(members.map(({ instance }) => instance.callingAeTitle))],
    group: { id, groupBy, generation: parseGroupId(id)?.generation ?? 1 },
  };
};
