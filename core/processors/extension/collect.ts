/**
 * The path of a stored object into the hands of its AE title's processor: a group for the default one, a debt to
 * be delivered for one that a site wrote, a list for a cache. When it has resolved, the instance may be acknowledged.
 */
import type { DeliveryItem } from '../../contracts/deliveries.ts';
import type { InstanceItem } from '../../contracts/items.ts';
import { instanceDeliveryId } from '../../contracts/keys.ts';
import { CACHE_PROCESSOR, GROUPING_PROCESSOR } from '../../contracts/names.ts';
import type { Clock } from '../../contracts/ports.ts';
import { InstanceKeyTaken, type AdmitInstance } from '../admission.ts';
import type { GroupStore } from '../group-store.ts';
import type { CacheStore } from './cache.ts';
import type { DeliveryStore } from './delivery-store.ts';

export interface CollectDependencies {
  /** By the rules of the default processor. */
  readonly group: AdmitInstance;
  readonly groups: Pick<GroupStore, 'getInstance'>;
  readonly deliveries: Pick<DeliveryStore, 'putInstance'>;
  readonly cache: Pick<CacheStore, 'touchSeries'>;
  /** Nobody waits for it: a sender's answer does not depend on a processor, and the sweep finds what was lost. */
  readonly tell: (deliveryId: string) => void;
  readonly clock: Clock;
}

const deliveryOf = (
  { keyId, sopInstanceUid, sha256, studyInstanceUid, aeTitle }: InstanceItem,
  processor: string,
  now: number,
): DeliveryItem => ({
  id: instanceDeliveryId(keyId, sopInstanceUid, sha256),
  kind: 'instance',
  aeTitle,
  processor,
  state: 'PENDING',
  createdAt: now,
  dueAt: now,
  attempts: 0,
  instance: { keyId, sopInstanceUid, sha256, studyInstanceUid },
});

/** An AdmitInstance for AE titles of every processor. May be repeated after a failure. */
export const admitByProcessor =
  ({ group, groups, deliveries, cache, tell, clock }: CollectDependencies): AdmitInstance =>
  async (instance, key, settings) => {
    if (settings.processor === GROUPING_PROCESSOR) return group(instance, key, settings);
    const isCache = settings.processor === CACHE_PROCESSOR;
    const delivery = isCache ? undefined : deliveryOf(instance, settings.processor, clock());
    // After the item, and for a re-send too, whose original may never have come so far: what is acknowledged is listed.
    const listed = async (): Promise<void> => {
      if (isCache) await cache.touchSeries(instance, clock());
    };
    if (await deliveries.putInstance(instance, delivery)) {
      if (delivery !== undefined) tell(delivery.id);
      await listed();
      return { outcome: 'collected' };
    }
    const { keyId, sopInstanceUid, sha256 } = instance;
    const existing = await groups.getInstance(keyId, sopInstanceUid, sha256);
    if (existing !== undefined && existing.sha256 !== sha256) throw new InstanceKeyTaken();
    if (existing === undefined || existing.doomedAt !== undefined) {
      return { outcome: 'doomed', incarnation: (existing ?? instance).incarnation ?? 1 };
    }
    await listed();
    return { outcome: 'known' };
  };
