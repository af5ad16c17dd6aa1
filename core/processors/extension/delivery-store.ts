/**
 * What delivering to a site's processors needs of the table. Writes that can meet another writer are conditional
 * and say by their answer whether they were done. Implemented by aws/deliveries.ts.
 */
import type { DeliveryItem, ProcessorState } from '../../contracts/deliveries.ts';
import type { InstanceItem } from '../../contracts/items.ts';

export interface DeliveryStore {
  /**
   * Instance item and delivery in one transaction: an instance that is there was, or will be, told to its
   * processor. Without a delivery there is no processor to tell. False when the item exists, and was not handed
   * over; nothing is changed then.
   */
  putInstance(instance: InstanceItem, delivery?: DeliveryItem): Promise<boolean>;
  get(id: string): Promise<DeliveryItem | undefined>;
  /**
   * One attempt more, until `takenUntil`. Undefined when it was changed since it was read, or somebody's
   * attempt is under way at `now`.
   */
  take(delivery: DeliveryItem, now: number, takenUntil: number): Promise<DeliveryItem | undefined>;
  /** Done with. False when it was set anew since it was read (a timer). */
  remove(delivery: Pick<DeliveryItem, 'id' | 'dueAt'>): Promise<boolean>;
  /** The attempt failed: not before `dueAt` again. False when it was set anew since. */
  postpone(
    delivery: Pick<DeliveryItem, 'id' | 'dueAt'>,
    dueAt: number,
    error: NonNullable<DeliveryItem['error']>,
  ): Promise<boolean>;
  /** It will not be tried again by itself. False when it was set anew since. */
  park(
    delivery: Pick<DeliveryItem, 'id' | 'dueAt'>,
    at: number,
    error: NonNullable<DeliveryItem['error']>,
  ): Promise<boolean>;
  /** PARKED → PENDING with no attempt made. False when it is not parked. */
  unpark(id: string, dueAt: number): Promise<boolean>;

  /** Moves a pending timer that is due no later than `dueAt`. False when there is none. */
  moveTimer(id: string, dueAt: number): Promise<boolean>;
  /** Sets it anew, whatever there was. */
  putTimer(timer: DeliveryItem): Promise<void>;
  removeTimer(id: string): Promise<void>;

  /** PENDING, and due or taken until before `time`; the index follows within moments. */
  pendingBefore(time: number, limit: number): Promise<DeliveryItem[]>;
  /** The sweep told of it: it is not found again before `time`, unless it changes. */
  markSwept(delivery: Pick<DeliveryItem, 'id' | 'dueAt'>, time: number): Promise<void>;
}

/** What processors keep for their keys. */
export interface ProcessorStates {
  get(aeTitle: string, processor: string, key: string): Promise<ProcessorState | undefined>;
  /** Writes the version after `after` (0: there is none yet). False when it is there already. */
  put(
    aeTitle: string,
    processor: string,
    key: string,
    json: string,
    after: number,
  ): Promise<boolean>;
  /** False when the version is not `version` any more. */
  remove(aeTitle: string, processor: string, key: string, version: number): Promise<boolean>;
}

/** Gives instances to the storage space reclaimer, which deletes them once nothing uses them. */
export interface HandOver {
  /** May be repeated. From then on no listing and no processor has them. `by` names the processor, or the person's way in. */
  instances(
    instances: readonly InstanceItem[],
    cause: { readonly reason: 'processor' | 'person' | 'retention'; readonly by: string },
  ): Promise<void>;
}
