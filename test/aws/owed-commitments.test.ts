/** Owed reports of storage commitment against a table that speaks DynamoDB's own protocol. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tableOwedCommitments } from '../../aws/owed-commitments.ts';
import type { Table } from '../../aws/table.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';

let emulator: Emulator;
let table: Table;

beforeAll(async () => {
  emulator = await startEmulator();
}, EMULATOR_HOOK_MS);

afterAll(() => emulator.stop());

const LEASE_MS = 1000;

/** Two listeners on a table of their own, with one clock. */
const twoListeners = async (name: string) => {
  table = await emulator.createTable(name);
  const time = { now: 1_000_000 };
  const listener = (holder: string) =>
    tableOwedCommitments(table, holder, () => time.now, LEASE_MS);
  return { time, first: listener('first'), second: listener('second') };
};

const commitment = (id: string, count: number) => ({
  id,
  associationId: 'association',
  calledAeTitle: 'GANTRY',
  callingAeTitle: 'SCU',
  remoteAddress: '10.0.0.1',
  attempts: 0,
  request: {
    transactionUid: '1.9',
    references: Array.from({ length: count }, (_, index) => ({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      // The longest that there can be.
      sopInstanceUid: `1.2.${String(index).padStart(60, '1')}`,
    })),
  },
});

const itemsOf = async (id: string): Promise<number> => {
  const { pk, sk } = tableKeys.owedCommitment(id);
  const found = await Promise.all([
    table.queryAll(
      tableKeys.owedReferencesPartition(id),
      tableKeys.owedReferencesPrefix,
      z.unknown(),
    ),
    table.queryAll(pk, sk, z.unknown()),
  ]);
  return found.flat().length;
};

describe('an owed report', () => {
  it('of more references than an item can have is found whole by the next listener', async () => {
    const { time, first, second } = await twoListeners('whole');
    const owed = commitment('a', 4000);
    await first.keep(owed);
    await first.hold('a', 2);

    expect(await second.free()).toEqual([]);
    expect(await second.take('a')).toBeUndefined();
    time.now += LEASE_MS;

    expect(await second.free()).toEqual(['a']);
    expect(await second.take('a')).toEqual({ ...owed, attempts: 2 });
    expect(await first.hold('a', 3)).toBe(false);
    expect(await first.free()).toEqual([]);
  });

  it('is taken by one of two', async () => {
    const { time, first, second } = await twoListeners('one');
    await first.keep(commitment('a', 1));
    time.now += LEASE_MS;

    const taken = await Promise.all([first.take('a'), second.take('a')]);

    expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
  });

  it('is free at once when it is given back, and gone when it is settled', async () => {
    const { first, second } = await twoListeners('free');
    await first.keep(commitment('a', 1501));
    await first.release('a');

    expect(await second.free()).toEqual(['a']);
    expect(await second.take('a')).toBeDefined();
    await second.settle('a');

    expect(await itemsOf('a')).toBe(0);
    expect(await first.hold('a', 1)).toBe(false);
  });

  it('that was not written to its end, or half cleared away, is cleared away', async () => {
    const { time, first, second } = await twoListeners('half');
    await first.keep(commitment('a', 3001));
    await table.delete(tableKeys.owedReferences('a', 1));
    time.now += LEASE_MS;

    expect(await second.take('a')).toBeUndefined();
    expect(await itemsOf('a')).toBe(0);
  });

  it('that another listener took for abandoned meanwhile was not kept', async () => {
    const { time, first, second } = await twoListeners('slow');
    const put = table.put.bind(table);
    let overtaken = false;
    table.put = async (key, item) => {
      await put(key, item);
      if (overtaken) return;
      overtaken = true;
      time.now += LEASE_MS;
      await second.take('a');
    };

    expect(await first.keep(commitment('a', 10))).toBe(false);
    expect(await itemsOf('a')).toBe(0);
  });
});
