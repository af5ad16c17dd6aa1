/** Hand-overs, uses and doomed instances of the table, as the ReclaimStore of the storage space reclaimer. */
import { isoTime } from '../core/contracts/day.ts';
import { z } from 'zod';
import { GroupItem, InstanceItem, UnroutedItem } from '../core/contracts/items.ts';
import { stateIndexKeys, storedVersion, tableKeys } from '../core/contracts/keys.ts';
import { HandOverItem, InstanceUse } from '../core/contracts/reclaim-items.ts';
import type { ReclaimStore } from '../core/processors/reclaim-store.ts';
import type { Table } from './table.ts';

const Fence = z.object({ count: z.int() });

/** DynamoDB takes 100 items in a transaction; one of them is the group. */
const MAX_FENCES_AT_ONCE = 99;

export const tableReclaims = (table: Table): ReclaimStore => {
  const { write } = table;
  const partition = (keyId: string): string => tableKeys.useFence(keyId).pk;
  const raiseFence = (keyId: string) =>
    write.update(tableKeys.useFence(keyId), {
      update: 'ADD #count :one',
      names: ['count'],
      values: { one: 1 },
    });
  const handOverItem = (item: HandOverItem) => ({
    ...item,
    statePk: stateIndexKeys.handOver,
    stateSk: isoTime(item.dueAt),
  });
  const unroutedKey = ({ aeTitle, sopInstanceUid, sha256 }: UnroutedItem) =>
    tableKeys.unrouted(aeTitle, sopInstanceUid, sha256);

  return {
    putHandOver: (item) =>
      table.putIfAbsent(tableKeys.handOver(item.keyId, item.id), handOverItem(item)),
    dueHandOvers: (now, limit) =>
      table.queryState(stateIndexKeys.handOver, HandOverItem, { until: isoTime(now), limit }),
    updateHandOver: (item) =>
      table.transact([
        write.put(tableKeys.handOver(item.keyId, item.id), handOverItem(item), { ifPresent: true }),
      ]),
    removeHandOver: async ({ keyId, id }) => {
      await table.delete(tableKeys.handOver(keyId, id));
    },

    use: async (keyId, use) => {
      await table.transact([
        raiseFence(keyId),
        write.put(tableKeys.use(keyId, use.sessionId), { ...use }),
      ]);
    },
    uses: (keyId) => table.queryAll(partition(keyId), tableKeys.usePrefix, InstanceUse),
    endUse: async (keyId, sessionId) => {
      await table.delete(tableKeys.use(keyId, sessionId));
    },
    fence: async (keyId) => (await table.get(tableKeys.useFence(keyId), Fence))?.count ?? 0,

    allInstances: (keyId) =>
      table.queryAll(partition(keyId), tableKeys.instancePrefix, InstanceItem),
    doom: (keyId, { fence, newest }, instances, at) =>
      table.transact([
        write.check(tableKeys.useFence(keyId), {
          condition: fence === 0 ? 'attribute_not_exists(pk)' : '#count = :fence',
          ...(fence === 0 ? {} : { names: ['count'], values: { fence } }),
        }),
        write.check(tableKeys.group(keyId, newest + 1), { condition: 'attribute_not_exists(pk)' }),
        ...instances.map(({ sopInstanceUid, sha256, receivedAt }) =>
          write.update(tableKeys.instance(keyId, sopInstanceUid, sha256), {
            update: 'SET #doomedAt = :at',
            condition: '#receivedAt = :receivedAt AND attribute_not_exists(#doomedAt)',
            names: ['doomedAt', 'receivedAt'],
            values: { at, receivedAt },
          }),
        ),
      ]),
    removeInstance: async (item) => {
      const { aeTitle, keyId, sopInstanceUid, sha256, receivedAt } = item;
      const removed = await table.delete(tableKeys.instance(keyId, sopInstanceUid, sha256), {
        condition: '#receivedAt = :receivedAt AND attribute_exists(#doomedAt)',
        names: ['receivedAt', 'doomedAt'],
        values: { receivedAt },
      });
      if (removed) {
        await table.update(tableKeys.storedInstance(aeTitle, sopInstanceUid), {
          update: 'DELETE #versions :versions',
          names: ['versions'],
          values: { versions: new Set([storedVersion(keyId, sha256)]) },
        });
      }
      return removed;
    },

    releasedBetween: (from, until, limit) =>
      table.queryState(stateIndexKeys.group('RELEASED'), GroupItem, {
        from: isoTime(from),
        until: isoTime(until),
        limit,
      }),
    markHandedOver: async ({ keyId, generation }, handedOver) => {
      await table.update(tableKeys.group(keyId, generation), {
        update: 'SET #handedOver = if_not_exists(#handedOver, :handedOver)',
        condition: 'attribute_exists(pk)',
        names: ['handedOver'],
        values: { handedOver },
      });
    },
    markReclaimed: async ({ keyId, generation }, at) => {
      await table.update(tableKeys.group(keyId, generation), {
        update: 'SET #reclaimedAt = :at, #statePk = :statePk',
        condition: '#state = :released',
        names: ['reclaimedAt', 'statePk', 'state'],
        values: { at, statePk: stateIndexKeys.reclaimedGroup, released: 'RELEASED' },
      });
    },
    setLegalHold: async ({ keyId, generation, instanceKeys = [keyId] }, hold) => {
      const [first, others] = [
        instanceKeys.slice(0, MAX_FENCES_AT_ONCE),
        instanceKeys.slice(MAX_FENCES_AT_ONCE),
      ];
      const done = await table.transact([
        ...first.map(raiseFence),
        write.update(tableKeys.group(keyId, generation), {
          update: hold === undefined ? 'REMOVE #legalHold' : 'SET #legalHold = :hold',
          condition: 'attribute_exists(pk)',
          names: ['legalHold'],
          ...(hold === undefined ? {} : { values: { hold } }),
        }),
      ]);
      // Of a composition of very many studies: whoever looked before the hold was there is stopped before we answer.
      for (const key of done ? others : []) await table.transact([raiseFence(key)]);
      return done;
    },

    doomUnrouted: async (item, handedOver) => {
      const doomed = await table.update(unroutedKey(item), {
        update:
          'SET #doomedAt = :at, #handedOver = :handedOver, #statePk = :statePk, #stateSk = :stateSk',
        condition: '#receivedAt = :receivedAt AND attribute_not_exists(#doomedAt)',
        names: ['doomedAt', 'handedOver', 'statePk', 'stateSk', 'receivedAt'],
        values: {
          at: handedOver.at,
          handedOver,
          statePk: stateIndexKeys.doomedUnrouted,
          stateSk: isoTime(handedOver.at),
          receivedAt: item.receivedAt,
        },
      });
      return doomed !== undefined;
    },
    doomedUnrouted: (now, limit) =>
      table.queryState(stateIndexKeys.doomedUnrouted, UnroutedItem, { until: isoTime(now), limit }),
    markUnroutedDeleted: async (item, at, removeAt) => {
      const marked = await table.update(unroutedKey(item), {
        update: 'SET #deletedAt = :at, #stateSk = :stateSk',
        condition: '#receivedAt = :receivedAt AND attribute_exists(#doomedAt)',
        names: ['deletedAt', 'stateSk', 'receivedAt', 'doomedAt'],
        values: { at, stateSk: isoTime(removeAt), receivedAt: item.receivedAt },
      });
      return marked !== undefined;
    },
    removeUnrouted: (item) =>
      table.delete(unroutedKey(item), {
        condition: '#receivedAt = :receivedAt AND attribute_exists(#doomedAt)',
        names: ['receivedAt', 'doomedAt'],
        values: { receivedAt: item.receivedAt },
      }),
  };
};
