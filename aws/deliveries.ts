/** What is owed to a site's processors, and what these keep, as items of the table. */
import { isoTime } from '../core/contracts/day.ts';
import { DeliveryItem, ProcessorState } from '../core/contracts/deliveries.ts';
import type { InstanceItem } from '../core/contracts/items.ts';
import { stateIndexKeys, storedVersion, tableKeys } from '../core/contracts/keys.ts';
import type { Clock } from '../core/contracts/ports.ts';
import type {
  DeliveryStore,
  HandOver,
  ProcessorStates,
} from '../core/processors/extension/delivery-store.ts';
import { createHandOver } from '../core/processors/hand-over.ts';
import { tableReclaims } from './reclaims.ts';
import type { Table } from './table.ts';

const indexed = (delivery: DeliveryItem) => ({
  ...delivery,
  statePk: stateIndexKeys.pendingDelivery(delivery.id),
  stateSk: isoTime(delivery.dueAt),
});

const PENDING_AS_READ = '#state = :pending AND #dueAt = :dueAt';

/**
 * What is there may be replaced: what was handed over and is not the reclaimer's yet, for it is here again; and
 * by a later incarnation, what is.
 */
const sentAgain = ({ incarnation = 1 }: InstanceItem) =>
  incarnation === 1
    ? {
        condition: 'attribute_exists(#handedOverAt) AND attribute_not_exists(#doomedAt)',
        names: ['handedOverAt', 'doomedAt'],
      }
    : {
        condition:
          'attribute_exists(#doomedAt) AND (attribute_not_exists(#incarnation) OR #incarnation < :incarnation)',
        names: ['doomedAt', 'incarnation'],
        values: { incarnation },
      };

export const tableDeliveries = (table: Table): DeliveryStore => ({
  putInstance: (instance, delivery) => {
    const { aeTitle, keyId, sopInstanceUid, sha256 } = instance;
    return table.transact([
      table.write.put(tableKeys.instance(keyId, sopInstanceUid, sha256), instance, {
        or: sentAgain(instance),
      }),
      table.write.update(tableKeys.storedInstance(aeTitle, sopInstanceUid), {
        update: 'ADD #versions :versions',
        names: ['versions'],
        values: { versions: new Set([storedVersion(keyId, sha256)]) },
      }),
      ...(delivery === undefined
        ? []
        : [table.write.put(tableKeys.delivery(delivery.id), indexed(delivery))]),
    ]);
  },
  get: (id) => table.get(tableKeys.delivery(id), DeliveryItem),
  take: async ({ id, dueAt, attempts }, now, takenUntil) => {
    const taken = await table.update(tableKeys.delivery(id), {
      update: 'SET #takenUntil = :until, #stateSk = :stateSk, #attempts = :next',
      condition:
        `${PENDING_AS_READ} AND #attempts = :attempts AND ` +
        '(attribute_not_exists(#takenUntil) OR #takenUntil <= :now)',
      names: ['state', 'dueAt', 'attempts', 'takenUntil', 'stateSk'],
      values: {
        ...{ pending: 'PENDING', dueAt, attempts, now },
        ...{ until: takenUntil, stateSk: isoTime(takenUntil), next: attempts + 1 },
      },
    });
    return taken && DeliveryItem.parse(taken);
  },
  remove: ({ id, dueAt }) =>
    table.delete(tableKeys.delivery(id), {
      condition: 'attribute_not_exists(pk) OR #dueAt = :dueAt',
      names: ['dueAt'],
      values: { dueAt },
    }),
  postpone: async ({ id, dueAt }, next, error) => {
    const postponed = await table.update(tableKeys.delivery(id), {
      update: 'SET #dueAt = :next, #stateSk = :stateSk, #error = :error REMOVE #takenUntil',
      condition: PENDING_AS_READ,
      names: ['state', 'dueAt', 'stateSk', 'error', 'takenUntil'],
      values: { pending: 'PENDING', dueAt, next, stateSk: isoTime(next), error },
    });
    return postponed !== undefined;
  },
  park: async ({ id, dueAt }, at, error) => {
    const parked = await table.update(tableKeys.delivery(id), {
      update:
        'SET #state = :parked, #statePk = :statePk, #stateSk = :stateSk, #error = :error ' +
        'REMOVE #takenUntil',
      condition: PENDING_AS_READ,
      names: ['state', 'dueAt', 'statePk', 'stateSk', 'error', 'takenUntil'],
      values: {
        ...{ pending: 'PENDING', parked: 'PARKED', dueAt, error },
        ...{ statePk: stateIndexKeys.parkedDelivery, stateSk: isoTime(at) },
      },
    });
    return parked !== undefined;
  },
  unpark: async (id, dueAt) => {
    const pending = await table.update(tableKeys.delivery(id), {
      update:
        'SET #state = :pending, #statePk = :statePk, #stateSk = :stateSk, #dueAt = :dueAt, ' +
        '#attempts = :none',
      condition: '#state = :parked',
      names: ['state', 'statePk', 'stateSk', 'dueAt', 'attempts'],
      values: {
        ...{ pending: 'PENDING', parked: 'PARKED', dueAt, none: 0 },
        ...{ statePk: stateIndexKeys.pendingDelivery(id), stateSk: isoTime(dueAt) },
      },
    });
    return pending !== undefined;
  },
  moveTimer: async (id, dueAt) => {
    const moved = await table.update(tableKeys.delivery(id), {
      update: 'SET #dueAt = :dueAt, #stateSk = :stateSk, #attempts = :none REMOVE #takenUntil',
      condition: '#state = :pending AND #dueAt <= :dueAt',
      names: ['state', 'dueAt', 'stateSk', 'attempts', 'takenUntil'],
      values: { pending: 'PENDING', dueAt, stateSk: isoTime(dueAt), none: 0 },
    });
    return moved !== undefined;
  },
  putTimer: (timer) => table.put(tableKeys.delivery(timer.id), indexed(timer)),
  removeTimer: async (id) => {
    await table.delete(tableKeys.delivery(id));
  },
  pendingBefore: async (time, limit) => {
    const shards = await Promise.all(
      stateIndexKeys.pendingDeliveries.map((partition) =>
        table.queryState(partition, DeliveryItem, { until: isoTime(time), limit }),
      ),
    );
    return shards
      .flat()
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit);
  },
  markSwept: async ({ id, dueAt }, time) => {
    await table.update(tableKeys.delivery(id), {
      update: 'SET #stateSk = :stateSk',
      condition: PENDING_AS_READ,
      names: ['state', 'dueAt', 'stateSk'],
      values: { pending: 'PENDING', dueAt, stateSk: isoTime(time) },
    });
  },
});

export const tableProcessorStates = (table: Table): ProcessorStates => ({
  get: (aeTitle, processor, key) =>
    table.get(tableKeys.processorState(aeTitle, processor, key), ProcessorState),
  put: async (aeTitle, processor, key, json, after) => {
    const itemKey = tableKeys.processorState(aeTitle, processor, key);
    const next: ProcessorState = { version: after + 1, json };
    if (after === 0) return table.putIfAbsent(itemKey, next);
    const put = await table.update(itemKey, {
      update: 'SET #version = :version, #json = :json',
      condition: '#version = :after',
      names: ['version', 'json'],
      values: { ...next, after },
    });
    return put !== undefined;
  },
  remove: (aeTitle, processor, key, version) =>
    table.delete(tableKeys.processorState(aeTitle, processor, key), {
      condition: '#version = :version',
      names: ['version'],
      values: { version },
    }),
});

/** Gives them to the reclaimer, and marks their items, so that nobody looks at them any more. */
export const tableHandOver = (table: Table, clock: Clock): HandOver => {
  const reclaimer = createHandOver({ reclaims: tableReclaims(table), clock });
  return {
    instances: async (instances, cause) => {
      // First: who repeats this after a crash does not find what is marked.
      await reclaimer.instances(instances, cause);
      for (const { keyId, sopInstanceUid, sha256, receivedAt } of instances) {
        await table.update(tableKeys.instance(keyId, sopInstanceUid, sha256), {
          update: 'SET #handedOverAt = :at',
          condition: '#receivedAt = :receivedAt AND attribute_not_exists(#handedOverAt)',
          names: ['handedOverAt', 'receivedAt'],
          values: { at: clock(), receivedAt },
        });
      }
    },
  };
};
