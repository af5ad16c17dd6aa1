/**
 * What a person does with an instance that belongs to no group: files it under an AE title after all, by the
 * rules by which it would have come in there, or deletes it. Its object is its own, so that neither can take
 * away what a group has.
 */
import type { AeTitleItem } from '../contracts/configuration.ts';
import { InstanceItem, type UnroutedItem } from '../contracts/items.ts';
import type { Clock, ObjectStore } from '../contracts/ports.ts';
import { instanceHeader, wantedTags } from '../dicom/header.ts';
import { declaredValues } from '../dicom/natural-values.ts';
import { storedHeader } from '../dicom/stored-header.ts';
import type { AdmitInstance } from './admission.ts';
import { declaredKeywords } from './completeness.ts';
import { keyOfInstance } from './ae-title-key.ts';
import type { HandOverCause } from './hand-over.ts';
import { instanceObjectKey } from './instance-object.ts';
import type { ReclaimStore } from './reclaim-store.ts';
import { ignoredBecause } from './sop-class-filter.ts';

export interface UnroutedDependencies {
  readonly objects: Pick<ObjectStore, 'getStream' | 'copy'>;
  readonly reclaims: Pick<ReclaimStore, 'doomUnrouted'>;
  readonly admit: AdmitInstance;
  readonly clock: Clock;
}

export type Routing =
  | { readonly outcome: 'grouped'; readonly groupId: string }
  | { readonly outcome: 'collected' }
  /** A group of that AE title has it already; which one, is told while it collects. */
  | { readonly outcome: 'known'; readonly groupId?: string | undefined }
  | { readonly outcome: 'refused'; readonly reason: string };

/** Nobody sees it from now on; the reclaimer deletes it. False when it was given away before. */
export const giveUnroutedAway = (
  { reclaims, clock }: Pick<UnroutedDependencies, 'reclaims' | 'clock'>,
  item: UnroutedItem,
  cause: HandOverCause,
): Promise<boolean> => reclaims.doomUnrouted(item, { ...cause, at: clock() });

/** May be repeated after a failure. */
export const routeUnrouted = async (
  deps: UnroutedDependencies,
  item: UnroutedItem,
  settings: AeTitleItem,
): Promise<Routing> => {
  const ignored = ignoredBecause(settings, item.sopClassUid);
  if (ignored !== undefined) return { outcome: 'refused', reason: ignored };
  const declares = declaredKeywords(settings.complete);
  const wanted = wantedTags([...settings.groupBy, ...declares]);
  const parsed = await storedHeader(deps.objects, item, wanted);
  const header = instanceHeader(parsed);
  const declared = declares.length === 0 ? undefined : declaredValues(parsed, declares);
  const outcome = keyOfInstance(settings, (keyword) => header.text(keyword));
  if (!outcome.routed) return { outcome: 'refused', reason: outcome.reason };
  const { aeTitle } = settings;
  const { keyId } = outcome.key;
  for (let incarnation = 1; ;) {
    const place = { aeTitle, keyId, incarnation: incarnation === 1 ? undefined : incarnation };
    const objectKey = instanceObjectKey({ ...item, ...place });
    await deps.objects.copy(item.objectKey, objectKey);
    const filed = InstanceItem.parse({ ...item, ...place, objectKey, declared });
    const admission = await deps.admit(filed, outcome.key, settings);
    if (admission.outcome === 'doomed') {
      incarnation = admission.incarnation + 1;
      continue;
    }
    await giveUnroutedAway(deps, item, { reason: 'routed', by: aeTitle });
    return admission;
  }
};
