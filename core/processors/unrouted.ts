/**
 * What a person does with an instance that belongs to no group: files it under an AE title after all, by the
 * rules by which it would have come in there, or deletes it. Its object is its own, so that neither can take
 * away what a group has.
 */
import type { AeTitleItem } from '../contracts/configuration.ts';
import { InstanceItem, type UnroutedItem } from '../contracts/items.ts';
import type { ObjectStore } from '../contracts/ports.ts';
import { instanceHeader, wantedTags } from '../dicom/header.ts';
import { storedHeader } from '../dicom/stored-header.ts';
import type { AdmitInstance } from './admission.ts';
import { keyOfInstance } from './ae-title-key.ts';
import type { GroupStore } from './group-store.ts';
import { instanceObjectKey } from './instance-object.ts';
import { ignoredBecause } from './sop-class-filter.ts';

export interface UnroutedDependencies {
  readonly objects: Pick<ObjectStore, 'getStream' | 'copy' | 'delete'>;
  readonly groups: Pick<GroupStore, 'removeUnrouted'>;
  readonly admit: AdmitInstance;
}

export type Routing =
  | { readonly outcome: 'grouped'; readonly groupId: string }
  /** A group of that AE title has it already; which one, is told while it collects. */
  | { readonly outcome: 'known'; readonly groupId?: string | undefined }
  | { readonly outcome: 'refused'; readonly reason: string };

/** The object first: after a failure between the two it can still be seen, and deleted again. */
export const deleteUnrouted = async (
  { objects, groups }: Pick<UnroutedDependencies, 'objects' | 'groups'>,
  item: UnroutedItem,
): Promise<void> => {
  await objects.delete([item.objectKey]);
  await groups.removeUnrouted(item);
};

/** May be repeated after a failure. */
export const routeUnrouted = async (
  deps: UnroutedDependencies,
  item: UnroutedItem,
  settings: AeTitleItem,
): Promise<Routing> => {
  const ignored = ignoredBecause(settings, item.sopClassUid);
  if (ignored !== undefined) return { outcome: 'refused', reason: ignored };
  const header = instanceHeader(
    await storedHeader(deps.objects, item, wantedTags(settings.groupBy)),
  );
  const outcome = keyOfInstance(settings, (keyword) => header.text(keyword));
  if (!outcome.routed) return { outcome: 'refused', reason: outcome.reason };
  const { aeTitle } = settings;
  const objectKey = instanceObjectKey({ ...item, aeTitle });
  await deps.objects.copy(item.objectKey, objectKey);
  const { keyId } = outcome.key;
  const filed = InstanceItem.parse({ ...item, aeTitle, keyId, objectKey });
  const admission = await deps.admit(filed, outcome.key, settings);
  await deleteUnrouted(deps, item);
  return admission;
};
