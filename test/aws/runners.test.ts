/** The stored leases of runners against a table that speaks DynamoDB's own protocol. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableRunners } from '../../aws/runners.ts';
import type { Table } from '../../aws/table.ts';
import { POOL_LOCK_MS } from '../../core/running/runner-pool.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';

let emulator: Emulator;
let table: Table;

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable('runners');
}, EMULATOR_HOOK_MS);

afterAll(() => emulator.stop());

const NOW = 1_000_000;
const lease = (worker: string, runnerId: string, leaseUntil = NOW + 1) => ({
  worker,
  runnerId,
  leaseUntil,
});

describe('leases', () => {
  it('count until they expire, for their own worker', async () => {
    const runners = tableRunners(table);
    await runners.addLease(lease('count', 'a'));
    await runners.addLease(lease('count', 'b', NOW));
    await runners.addLease(lease('other', 'c'));

    expect(await runners.liveLeases('count', NOW)).toEqual([lease('count', 'a')]);
    expect(await runners.renewLease('count', 'b', { leaseUntil: NOW + 9, isolation: 'none' })).toBe(
      true,
    );
    expect(await runners.setTask('count', 'b', 'arn:task')).toBe(true);
    expect(await runners.liveLeases('count', NOW)).toEqual([
      lease('count', 'a'),
      { ...lease('count', 'b', NOW + 9), isolation: 'none', taskArn: 'arn:task' },
    ]);
  });

  it('cannot be renewed when they are gone', async () => {
    const runners = tableRunners(table);
    await runners.addLease(lease('gone', 'a'));
    await runners.removeLease('gone', 'a');

    expect(await runners.renewLease('gone', 'a', { leaseUntil: NOW + 9, isolation: 'none' })).toBe(
      false,
    );
    expect(await runners.setTask('gone', 'a', 'arn:task')).toBe(false);
    expect(await runners.liveLeases('gone', 0)).toEqual([]);
  });

  it('are removed all at once, and the lock is none of them', async () => {
    const runners = tableRunners(table);
    for (const id of ['a', 'b', 'c']) await runners.addLease(lease('all', id, NOW - 1));
    await runners.lock('all', 'me', NOW);

    expect(await runners.removeAllLeases('all')).toBe(3);
    expect(await runners.lock('all', 'other', NOW)).toBe('taken');
  });
});

describe('the lock of a pool', () => {
  it('is held by one, until it is given back by that one', async () => {
    const runners = tableRunners(table);
    const locks = await Promise.all(
      ['a', 'b', 'c', 'd'].map((holder) => runners.lock('lock', holder, NOW)),
    );
    expect(locks.filter((lock) => lock === 'locked')).toHaveLength(1);
    const holder = ['a', 'b', 'c', 'd'][locks.indexOf('locked')]!;

    await runners.unlock('lock', 'somebody else');
    expect(await runners.lock('lock', 'e', NOW)).toBe('taken');
    await runners.unlock('lock', holder);
    expect(await runners.lock('lock', 'e', NOW)).toBe('locked');
  });

  it('is free again when its holder must be dead', async () => {
    const runners = tableRunners(table);
    await runners.lock('dead', 'a', NOW);

    expect(await runners.lock('dead', 'b', NOW + POOL_LOCK_MS - 1)).toBe('taken');
    expect(await runners.lock('dead', 'b', NOW + POOL_LOCK_MS)).toBe('locked');
  });

  it('becomes a pause at its holder’s word alone, and a lock again for who comes after it', async () => {
    const runners = tableRunners(table);
    await runners.lock('paused', 'a', NOW);

    await runners.pause('paused', 'b', NOW + 9);
    expect(await runners.lock('paused', 'b', NOW)).toBe('taken');
    await runners.pause('paused', 'a', NOW + 9);
    expect(await runners.lock('paused', 'b', NOW + 8)).toBe('paused');
    expect(await runners.lock('paused', 'b', NOW + 9)).toBe('locked');
    expect(await runners.lock('paused', 'c', NOW + 10)).toBe('taken');
  });
});
