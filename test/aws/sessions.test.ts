/** Stored sessions and session data against a table that speaks DynamoDB's own protocol. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import type { Table } from '../../aws/table.ts';
import { nodeId, tableKeys } from '../../core/contracts/keys.ts';
import {
  MAX_SESSION_DATA_BYTES,
  SessionDataTooLarge,
  type DataWriter,
  type SessionDataKey,
} from '../../core/running/session-store.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';
import { sessionStoreContract } from '../support/session-store-contract.ts';
import { aLine, aSession } from '../support/sessions.ts';

let emulator: Emulator;
let table: Table;

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable('sessions');
}, EMULATOR_HOOK_MS);

afterAll(() => emulator.stop());

sessionStoreContract('sessions of the table', () => tableSessions(table));

/** Stops before its `nth` transaction until it is let go on. */
const stalling = (nth: number) => {
  let transactions = 0;
  const stalled = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  const stalls: Table = {
    ...table,
    transact: async (writes) => {
      transactions += 1;
      if (transactions === nth) {
        stalled.resolve(undefined);
        await goOn.promise;
      }
      return table.transact(writes);
    },
  };
  return {
    ...{ table: stalls, stalled: stalled.promise },
    goOn: () => {
      goOn.resolve(undefined);
    },
  };
};

describe('a graph of the table', () => {
  it('that fits into one transaction is stored by one', async () => {
    const session = aSession();
    await tableSessions(table).createSession(session);
    const { jobs, edges } = aLine(session.id, 48);
    const refused = () => Promise.reject(new Error('one transaction is enough'));
    let transactions = 0;
    const once: Table = {
      ...table,
      ...{ get: refused, update: refused, queryAll: refused, put: refused },
      transact: (writes) => {
        transactions += 1;
        return table.transact(writes);
      },
    };

    expect(await tableSessions(once).storePlan(session, jobs, edges, 5)).toBe(true);

    expect(transactions).toBe(1);
    expect(await tableSessions(table).getJobs(session.id)).toEqual(jobs);
  });

  it.each([1, 2, 3, 5, 12])(
    'is not changed by a planner that stalled before its transaction %i (invariants E, F)',
    async (nth) => {
      const store = tableSessions(table);
      const session = aSession();
      await store.createSession(session);
      const { jobs, edges } = aLine(session.id, 600);
      const slow = stalling(nth);

      const late = tableSessions(slow.table).storePlan(session, jobs, edges, 5);
      await slow.stalled;
      expect(await store.storePlan(session, jobs, edges, 6)).toBe(true);
      await store.releaseEdge(edges[0]!);
      await store.queueJob(session.id, nodeId(1), 7);
      await store.releaseEdge(edges.at(-1)!);
      const before = [await store.getJobs(session.id), await store.getEdges(session.id)];
      slow.goOn();

      expect(await late).toBe(false);
      expect([await store.getJobs(session.id), await store.getEdges(session.id)]).toEqual(before);
      expect((await store.getSession(session.id))?.startedAt).toBe(6);
    },
  );
});

const WRITER: DataWriter = { nodeId: 'n00001', attempt: 2 };

describe('session data of the table', () => {
  const writable = (id: string) =>
    table.put(tableKeys.job(id, WRITER.nodeId), { state: 'RUNNING', attempt: WRITER.attempt });

  const session = 's0123456789abcdef0123';

  beforeAll(async () => {
    for (const id of [session, 's00000000000000000001', 's00000000000000000002'])
      await writable(id);
  });

  it('lets only the attempt change it that has the job', async () => {
    const data = tableSessionData(table);
    const late = { ...WRITER, attempt: 1 };
    await data.putValue(session, WRITER, key('mask'), '"of the second"');

    expect(await data.putValue(session, late, key('mask'), '"late"')).toBe('fenced');
    expect(await data.removeValue(session, late, key('mask'))).toBe('fenced');
    expect(await data.putValue('s0123456789abcdef9999', WRITER, key('mask'), '1')).toBe('fenced');

    expect(await data.getValue(session, key('mask'))).toBe('"of the second"');
    expect(await data.removeValue(session, WRITER, key('mask'))).toBe('done');
  });

  it('is noted as kept until it is removed, and found when its time is over', async () => {
    const data = tableSessionData(table);
    const id = 's00000000000000000001';
    await data.keepUntil(id, 2000);
    await data.keepUntil(id, 3000);

    expect(await data.isKept(id)).toBe(true);
    expect(await data.listKept(2999, 5)).toEqual([]);
    expect(await data.listKept(3000, 5)).toEqual([id]);
    await data.removeAllValues(id);
    expect(await data.isKept(id)).toBe(false);
    expect(await data.listKept(3000, 5)).toEqual([]);
  });
  const key = (name: string): SessionDataKey => ({
    event: 'stable-series',
    jobName: 'segment',
    objectId: 'a1',
    name,
  });

  it('gives back what was put last, by job, event, object and name', async () => {
    const data = tableSessionData(table);

    await data.putValue(session, WRITER, key('volume'), '1');
    await data.putValue(session, WRITER, key('volume'), '{"ml":[2,"#"]}');
    await data.putValue(session, WRITER, { ...key('volume'), objectId: 'b2' }, '3');

    expect(await data.getValue(session, key('volume'))).toBe('{"ml":[2,"#"]}');
    expect(await data.getValue(session, key('other'))).toBeUndefined();
    expect(await data.getValue('s0123456789abcdef9999', key('volume'))).toBeUndefined();
    expect(await data.listValues(session)).toHaveLength(2);
    expect(await data.removeValue(session, WRITER, key('volume'))).toBe('done');
    expect(await data.removeValue(session, WRITER, key('volume'))).toBe('absent');
  });

  it('refuses a value that no item can hold', async () => {
    const data = tableSessionData(table);
    const text = JSON.stringify('é'.repeat(MAX_SESSION_DATA_BYTES / 2));

    await expect(data.putValue(session, WRITER, key('big'), text)).rejects.toThrow(
      SessionDataTooLarge,
    );
    await data.putValue(
      session,
      WRITER,
      key('big'),
      JSON.stringify('x'.repeat(MAX_SESSION_DATA_BYTES - 2)),
    );

    expect((await data.getValue(session, key('big')))?.length).toBe(MAX_SESSION_DATA_BYTES);
  });

  it('removes all values of a session, and those of no other', async () => {
    const data = tableSessionData(table);
    const [one, two] = ['s00000000000000000001', 's00000000000000000002'];
    for (let index = 0; index < 130; index += 1) {
      await data.putValue(one, WRITER, key(`value-${index}`), String(index));
    }
    await data.putValue(two, WRITER, key('kept'), 'true');

    expect(await data.removeAllValues(one)).toBe(130);
    expect(await data.removeAllValues(one)).toBe(0);
    expect(await data.getValue(two, key('kept'))).toBe('true');
  });
});
