/** The stores of deliveries and of processors' states in memory, with the conditions of the real ones: for tests. */
import type { DeliveryItem, ProcessorState } from '../../contracts/deliveries.ts';
import type { InstanceItem } from '../../contracts/items.ts';
import type { DeliveryStore, HandOver, ProcessorStates } from './delivery-store.ts';

export interface MemoryDeliveries extends DeliveryStore {
  readonly items: Map<string, DeliveryItem>;
  /** By keyId, SOP Instance UID and hash. */
  readonly stored: Map<string, InstanceItem>;
  readonly handOver: HandOver;
}

const instanceKey = (item: Pick<InstanceItem, 'keyId' | 'sopInstanceUid' | 'sha256'>): string =>
  JSON.stringify([item.keyId, item.sopInstanceUid, item.sha256]);

export const memoryDeliveries = (clock: () => number): MemoryDeliveries => {
  const items = new Map<string, DeliveryItem>();
  const stored = new Map<string, InstanceItem>();
  const swept = new Map<string, number>();
  const change = (
    id: string,
    holds: (item: DeliveryItem) => boolean,
    by: (item: DeliveryItem) => DeliveryItem,
  ): DeliveryItem | undefined => {
    const item = items.get(id);
    if (item === undefined || !holds(item)) return undefined;
    const next = by(item);
    items.set(id, next);
    swept.delete(id);
    return next;
  };
  const asRead =
    ({ dueAt }: Pick<DeliveryItem, 'dueAt'>) =>
    (item: DeliveryItem): boolean =>
      item.state === 'PENDING' && item.dueAt === dueAt;
  const free = (item: DeliveryItem): DeliveryItem => {
    const copy = { ...item };
    delete copy.takenUntil;
    return copy;
  };

  return {
    items,
    stored,
    putInstance: (instance, delivery) => {
      const key = instanceKey(instance);
      const there = stored.get(key);
      if (there !== undefined && there.handedOverAt === undefined) return Promise.resolve(false);
      stored.set(key, instance);
      if (delivery !== undefined) items.set(delivery.id, delivery);
      return Promise.resolve(true);
    },
    get: (id) => Promise.resolve(items.get(id)),
    take: (read, now, takenUntil) =>
      Promise.resolve(
        change(
          read.id,
          (item) =>
            asRead(read)(item) && item.attempts === read.attempts && (item.takenUntil ?? 0) <= now,
          (item) => ({ ...item, takenUntil, attempts: item.attempts + 1 }),
        ),
      ),
    remove: ({ id, dueAt }) => {
      const item = items.get(id);
      if (item !== undefined && item.dueAt !== dueAt) return Promise.resolve(false);
      items.delete(id);
      return Promise.resolve(true);
    },
    postpone: (read, dueAt, error) =>
      Promise.resolve(
        change(read.id, asRead(read), (item) => ({ ...free(item), dueAt, error })) !== undefined,
      ),
    park: (read, _at, error) => {
      const by = (item: DeliveryItem): DeliveryItem => ({ ...free(item), state: 'PARKED', error });
      return Promise.resolve(change(read.id, asRead(read), by) !== undefined);
    },
    unpark: (id, dueAt) => {
      const by = (item: DeliveryItem): DeliveryItem => ({
        ...item,
        state: 'PENDING',
        attempts: 0,
        dueAt,
      });
      return Promise.resolve(change(id, ({ state }) => state === 'PARKED', by) !== undefined);
    },
    moveTimer: (id, dueAt) =>
      Promise.resolve(
        change(
          id,
          (item) => item.state === 'PENDING' && item.dueAt <= dueAt,
          (item) => ({ ...free(item), dueAt, attempts: 0 }),
        ) !== undefined,
      ),
    putTimer: (timer) => {
      items.set(timer.id, timer);
      return Promise.resolve();
    },
    removeTimer: (id) => {
      items.delete(id);
      return Promise.resolve();
    },
    pendingBefore: (time, limit) =>
      Promise.resolve(
        [...items.values()]
          .filter(
            ({ id, state, dueAt, takenUntil = 0 }) =>
              state === 'PENDING' && Math.max(dueAt, takenUntil, swept.get(id) ?? 0) <= time,
          )
          .slice(0, limit),
      ),
    markSwept: ({ id }, time) => {
      swept.set(id, time);
      return Promise.resolve();
    },
    handOver: {
      instances: (instances) => {
        for (const item of instances) {
          stored.set(instanceKey(item), { ...item, handedOverAt: clock() });
        }
        return Promise.resolve();
      },
    },
  };
};

export const memoryProcessorStates = (): ProcessorStates => {
  const states = new Map<string, ProcessorState>();
  const keyOf = (...parts: string[]): string => JSON.stringify(parts);
  return {
    get: (...parts) => Promise.resolve(states.get(keyOf(...parts))),
    put: (aeTitle, processor, key, json, after) => {
      const id = keyOf(aeTitle, processor, key);
      if ((states.get(id)?.version ?? 0) !== after) return Promise.resolve(false);
      states.set(id, { version: after + 1, json });
      return Promise.resolve(true);
    },
    remove: (aeTitle, processor, key, version) => {
      const id = keyOf(aeTitle, processor, key);
      if (states.get(id)?.version !== version) return Promise.resolve(false);
      return Promise.resolve(states.delete(id));
    },
  };
};
