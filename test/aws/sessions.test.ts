/** Stored sessions and session data against a table that speaks DynamoDB's own protocol. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessionData } from '../../aws/session-data.ts';
import { readEdges, readJobs } from '../../aws/session-graphs.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable, type Table } from '../../aws/table.ts';
import { graphKeys } from '../../core/contracts/graph-keys.ts';
import { SessionItem } from '../../core/contracts/items.ts';
import { nodeId } from '../../core/contracts/keys.ts';
import {
  MAX_SESSION_DATA_BYTES,
  SessionDataTooLarge,
  type DataWriter,
  type SessionDataKey,
} from '../../core/running/session-store.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';
import { memoryDocuments } from '../support/memory-documents.ts';
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
sessionStoreContract('sessions of the table in memory', () =>
  tableSessions(dynamoTable(memoryDocuments().client(), 'sessions')),
);

/** Where a planner of a large graph may stall: it notes the graph, writes it, and opens the session. */
type Step = 'note' | 'putMany' | 'opening';

/** Stops before that step until it is let go on, or for ever. */
const stalling = (step: Step) => {
  const stalled = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  const wait = async (at: Step): Promise<void> => {
    if (at !== step) return;
    stalled.resolve(undefined);
    await goOn.promise;
  };
  let updates = 0;
  const stalls: Table = {
    ...table,
    putMany: async (puts) => {
      await wait('putMany');
      await table.putMany(puts);
    },
    update: async (key, expression) => {
      updates += 1;
      await wait(updates === 1 ? 'note' : 'opening');
      return table.update(key, expression);
    },
  };
  return {
    ...{ table: stalls, stalled: stalled.promise },
    goOn: () => {
      goOn.resolve(undefined);
    },
  };
};

/** How many items of graphs there are that are not the session's own. */
const itemsOfOthers = async ({ id, graph, begun = [] }: SessionItem): Promise<number> => {
  const others = begun.filter(({ writer }) => writer !== graph?.writer);
  const items = await Promise.all(
    others.flatMap((other): Promise<unknown[]>[] => {
      const keys = graphKeys(id, other);
      return [readJobs(table, keys), readEdges(table, keys)];
    }),
  );
  return items.flat().length;
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

  it('of several partitions is whole when the answer to its last write was lost', async () => {
    const session = aSession();
    const store = tableSessions(table);
    await store.createSession(session);
    const { jobs, edges } = aLine(session.id, 120);
    const losing: Table = {
      ...table,
      update: async (key, expression) => {
        await table.update(key, expression);
        return table.update(key, expression);
      },
    };

    expect(await tableSessions(losing).storePlan(session, jobs, edges, 5)).toBe(true);

    expect(await store.getJobs(session.id)).toEqual(jobs);
    expect(await store.getEdges(session.id)).toHaveLength(edges.length);
  });

  it('keeps to the partition of its session where an earlier version stored it', async () => {
    const session = aSession({ state: 'RUNNING' });
    const store = tableSessions(table);
    await store.createSession(session);
    const { jobs, edges } = aLine(session.id, 12);
    const pk = `S#${session.id}`;
    for (const job of jobs) await table.put({ pk, sk: `J#${job.nodeId}` }, job);
    for (const edge of edges) await table.put({ pk, sk: `E#${edge.from}#${edge.to}` }, edge);

    expect(await store.getJobs(session.id)).toEqual(jobs);
    expect(await store.getEdges(session.id)).toHaveLength(edges.length);
    expect(await store.getEdgesFrom(session.id, nodeId(7))).toEqual([edges[7]]);
    expect(await store.releaseEdge(edges[0]!)).toBe(true);
    expect(await store.queueJob(session.id, nodeId(1), 7)).toMatchObject({ state: 'QUEUED' });
  });

  it.each(['note', 'putMany', 'opening'] as const)(
    'is not changed by a planner that stalled before its %s (invariants E, F)',
    async (call) => {
      const store = tableSessions(table);
      const session = aSession();
      await store.createSession(session);
      const { jobs, edges } = aLine(session.id, 120);
      const slow = stalling(call);

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

  it('leaves nothing of a planner that died: who plans the session next removes it', async () => {
    const store = tableSessions(table);
    const session = aSession();
    await store.createSession(session);
    const { jobs, edges } = aLine(session.id, 120);
    const dead = stalling('opening');
    void tableSessions(dead.table).storePlan(session, jobs, edges, 5);
    await dead.stalled;
    const read = async () => SessionItem.parse(await store.getSession(session.id));
    expect(await itemsOfOthers(await read())).toBe(jobs.length + edges.length);

    expect(await store.storePlan(session, jobs, edges, 6)).toBe(true);

    expect((await read()).begun).toHaveLength(2);
    expect(await itemsOfOthers(await read())).toBe(0);
    expect(await store.getJobs(session.id)).toEqual(jobs);
  });

  it('is left alone while it may still become the one of its session', async () => {
    const store = tableSessions(table);
    const session = aSession();
    await store.createSession(session);
    const { jobs, edges } = aLine(session.id, 120);
    const slow = stalling('opening');
    const storing = tableSessions(slow.table).storePlan(session, jobs, edges, 5);
    await slow.stalled;

    await store.removeOtherGraphs(SessionItem.parse(await store.getSession(session.id)));
    slow.goOn();

    expect(await storing).toBe(true);
    expect(await store.getJobs(session.id)).toEqual(jobs);
  });
});

const WRITER: DataWriter = { nodeId: 'n00001', attempt: 2 };

describe('session data of the table', () => {
  const writable = async (id: string) => {
    await tableSessions(table).createSession(aSession({ id, state: 'RUNNING' }));
    await table.put(graphKeys(id).job(WRITER.nodeId), {
      state: 'RUNNING',
      attempt: WRITER.attempt,
    });
  };

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
