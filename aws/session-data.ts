/** Session data of service code, as items of the session's own partition. */
import { isoTime } from '../core/contracts/day.ts';
import { z } from 'zod';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import {
  MAX_SESSION_DATA_BYTES,
  SessionDataTooLarge,
  type DataWriter,
  type SessionDataKey,
  type SessionDataStore,
} from '../core/running/session-store.ts';
import { graphLookup } from './session-graphs.ts';
import type { Table } from './table.ts';

const Value = z.object({
  event: z.string(),
  jobName: z.string(),
  objectId: z.string(),
  name: z.string(),
  valueJson: z.string(),
});

const Kept = z.object({ sessionId: z.string() });

const DELETES_PER_TRANSACTION = 100;

const keyOf = (sessionId: string, { event, jobName, objectId, name }: SessionDataKey) =>
  tableKeys.sessionData(sessionId, event, jobName, objectId, name);

export const tableSessionData = (table: Table): SessionDataStore => {
  const all = (sessionId: string) =>
    table.queryAll(tableKeys.sessionPartition(sessionId), tableKeys.sessionDataPrefix, Value);
  const graphOf = graphLookup(table);
  const stillWrites = async (sessionId: string, { nodeId, attempt }: DataWriter) =>
    table.write.check((await graphOf(sessionId)).job(nodeId), {
      condition: '#state = :running AND #attempt = :attempt',
      names: ['state', 'attempt'],
      values: { running: 'RUNNING', attempt },
    });
  return {
    putValue: async (sessionId, writer, key, valueJson) => {
      const bytes = Buffer.byteLength(valueJson, 'utf8');
      if (bytes > MAX_SESSION_DATA_BYTES) throw new SessionDataTooLarge(bytes);
      const { event, jobName, objectId, name } = key;
      const value = { event, jobName, objectId, name, valueJson };
      const done = await table.transact([
        await stillWrites(sessionId, writer),
        table.write.put(keyOf(sessionId, key), value),
      ]);
      return done ? 'done' : 'fenced';
    },
    getValue: async (sessionId, key) => (await table.get(keyOf(sessionId, key), Value))?.valueJson,
    removeValue: async (sessionId, writer, key) => {
      if ((await table.get(keyOf(sessionId, key), Value)) === undefined) return 'absent';
      const done = await table.transact([
        await stillWrites(sessionId, writer),
        table.write.delete(keyOf(sessionId, key)),
      ]);
      return done ? 'done' : 'fenced';
    },
    listValues: async (sessionId) =>
      (await all(sessionId)).map(({ event, jobName, objectId, name }) => ({
        event,
        jobName,
        objectId,
        name,
      })),
    removeAllValues: async (sessionId) => {
      const values = await all(sessionId);
      for (let start = 0; start < values.length; start += DELETES_PER_TRANSACTION) {
        await table.transact(
          values
            .slice(start, start + DELETES_PER_TRANSACTION)
            .map((value) => table.write.delete(keyOf(sessionId, value))),
        );
      }
      await table.delete(tableKeys.keptSessionData(sessionId));
      return values.length;
    },
    keepUntil: (sessionId, until) =>
      table.put(tableKeys.keptSessionData(sessionId), {
        sessionId,
        statePk: stateIndexKeys.keptSessionData,
        stateSk: isoTime(until),
      }),
    isKept: async (sessionId) =>
      (await table.get(tableKeys.keptSessionData(sessionId), Kept)) !== undefined,
    listKept: async (now, limit) => {
      const until = isoTime(now);
      const due = await table.queryState(stateIndexKeys.keptSessionData, Kept, { until, limit });
      return due.map(({ sessionId }) => sessionId);
    },
  };
};
