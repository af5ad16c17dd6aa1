/** The places of docker workers' tasks, against a table that speaks DynamoDB's own protocol. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tableTaskPlaces } from '../../aws/task-places.ts';
import type { Table } from '../../aws/table.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';

let emulator: Emulator;
let table: Table;

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable('task-places');
}, EMULATOR_HOOK_MS);

afterAll(() => emulator.stop());

it('one of those who want a place gets it, and one of those who want it instead of the same run', async () => {
  const places = tableTaskPlaces(table);
  const wanted = (holders: readonly string[], instead?: string) =>
    Promise.all(holders.map((holder) => places.take('lung', { place: '1', holder }, instead)));

  expect((await wanted(['a', 'b', 'c'])).filter((one) => one)).toHaveLength(1);
  const [first] = await places.list('lung');
  expect((await wanted(['d', 'e', 'f'], first?.holder)).filter((one) => one)).toHaveLength(1);
  const [second] = await places.list('lung');
  expect(['d', 'e', 'f']).toContain(second?.holder);
  expect(await wanted(['g'], first?.holder)).toEqual([false]);
  expect(await places.list('other')).toEqual([]);
});
