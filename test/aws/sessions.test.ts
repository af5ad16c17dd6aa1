/** Stored sessions and session data against a table that speaks DynamoDB's own protocol. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import type { Table } from '../../aws/table.ts';
import {
  MAX_SESSION_DATA_BYTES,
  SessionDataTooLarge,
  type SessionDataKey,
} from '../../core/running/session-store.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';
import { sessionStoreContract } from '../support/session-store-contract.ts';

let emulator: Emulator;
let table: Table;

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable('sessions');
}, EMULATOR_HOOK_MS);

afterAll(() => emulator.stop());

sessionStoreContract('sessions of the table', () => tableSessions(table));

describe('session data of the table', () => {
  const session = 's0123456789abcdef0123';
  const key = (name: string): SessionDataKey => ({
    event: 'stable-series',
    jobName: 'segment',
    objectId: 'a1',
    name,
  });

  it('gives back what was put last, by job, event, object and name', async () => {
    const data = tableSessionData(table);

    await data.putValue(session, key('volume'), '1');
    await data.putValue(session, key('volume'), '{"ml":[2,"#"]}');
    await data.putValue(session, { ...key('volume'), objectId: 'b2' }, '3');

    expect(await data.getValue(session, key('volume'))).toBe('{"ml":[2,"#"]}');
    expect(await data.getValue(session, key('other'))).toBeUndefined();
    expect(await data.getValue('s0123456789abcdef9999', key('volume'))).toBeUndefined();
    expect(await data.listValues(session)).toHaveLength(2);
    expect(await data.removeValue(session, key('volume'))).toBe(true);
    expect(await data.removeValue(session, key('volume'))).toBe(false);
  });

  it('refuses a value that no item can hold', async () => {
    const data = tableSessionData(table);
    const text = JSON.stringify('é'.repeat(MAX_SESSION_DATA_BYTES / 2));

    await expect(data.putValue(session, key('big'), text)).rejects.toThrow(SessionDataTooLarge);
    await data.putValue(
      session,
      key('big'),
      JSON.stringify('x'.repeat(MAX_SESSION_DATA_BYTES - 2)),
    );

    expect((await data.getValue(session, key('big')))?.length).toBe(MAX_SESSION_DATA_BYTES);
  });

  it('removes all values of a session, and those of no other', async () => {
    const data = tableSessionData(table);
    const [one, two] = ['s00000000000000000001', 's00000000000000000002'];
    for (let index = 0; index < 130; index += 1) {
      await data.putValue(one, key(`value-${index}`), String(index));
    }
    await data.putValue(two, key('kept'), 'true');

    expect(await data.removeAllValues(one)).toBe(130);
    expect(await data.removeAllValues(one)).toBe(0);
    expect(await data.getValue(two, key('kept'))).toBe('true');
  });
});
