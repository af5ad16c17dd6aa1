/** What every DeliveryStore and every ProcessorStates must do; run over the real table and over that of tests. */
import { beforeAll, expect, it } from 'vitest';
import type { DeliveryItem } from '../../core/contracts/deliveries.ts';
import type { InstanceItem } from '../../core/contracts/items.ts';
import { shortHash } from '../../core/contracts/keys.ts';
import type {
  DeliveryStore,
  ProcessorStates,
} from '../../core/processors/extension/delivery-store.ts';
import { EMULATOR_HOOK_MS } from './emulator.ts';

const ERROR = { type: 'Error', message: 'broke' };
let count = 0;
const newId = (): string => {
  count += 1;
  return `d${shortHash(String(count), 24)}`;
};

const timer = (dueAt: number): DeliveryItem => ({
  ...{ id: newId(), kind: 'timer', aeTitle: 'KIT', processor: 'p', state: 'PENDING' },
  ...{ createdAt: 0, dueAt, attempts: 0, timerKey: 'k' },
});

const instance = (sopInstanceUid: string): InstanceItem => ({
  ...{ aeTitle: 'KIT', keyId: 'a'.repeat(20), sopInstanceUid, sha256: 'f'.repeat(64) },
  ...{ sopClassUid: '1.2', seriesInstanceUid: '1.2', studyInstanceUid: '1.1', patientId: 'P1' },
  ...{ issuerOfPatientId: '', transferSyntaxUid: '1.2', objectKey: 'o', size: 1 },
  ...{ callingAeTitle: 'CT', remoteAddress: '', associationId: '', receivedAt: 1 },
  attributes: {},
});

export const deliveryStoreContract = (
  open: () => Promise<{ deliveries: DeliveryStore; states: ProcessorStates }>,
): void => {
  let deliveries: DeliveryStore;
  let states: ProcessorStates;
  beforeAll(async () => {
    ({ deliveries, states } = await open());
  }, EMULATOR_HOOK_MS);
  const put = async (dueAt: number): Promise<DeliveryItem> => {
    const item = timer(dueAt);
    await deliveries.putTimer(item);
    return item;
  };
  const pendingIds = async (before: number): Promise<string[]> =>
    (await deliveries.pendingBefore(before, 1000)).map(({ id }) => id);

  it('stores an instance and its delivery once', async () => {
    const delivery = timer(5);
    const again = timer(6);

    expect(await deliveries.putInstance(instance('1.2.3'), delivery)).toBe(true);
    expect(await deliveries.putInstance(instance('1.2.3'), again)).toBe(false);

    expect(await deliveries.get(delivery.id)).toEqual(delivery);
    expect(await deliveries.get(again.id)).toBeUndefined();
  });

  it('is taken by one at a time, and again when that one is late', async () => {
    const item = await put(1000);

    const first = await deliveries.take(item, 2000, 5000);
    const second = await deliveries.take(item, 2000, 5000);
    const third = await deliveries.take(first!, 4999, 9000);
    const fourth = await deliveries.take(first!, 5000, 9000);

    expect(first).toMatchObject({ attempts: 1, takenUntil: 5000 });
    expect(second).toBeUndefined();
    expect(third).toBeUndefined();
    expect(fourth).toMatchObject({ attempts: 2 });
  });

  it('is found by the sweep when it is due, not taken, and not swept a moment ago', async () => {
    const item = await put(10_000);

    expect(await pendingIds(9999)).not.toContain(item.id);
    expect(await pendingIds(10_000)).toContain(item.id);
    await deliveries.take(item, 10_000, 20_000);
    expect(await pendingIds(19_999)).not.toContain(item.id);
    await deliveries.markSwept(item, 30_000);
    expect(await pendingIds(29_999)).not.toContain(item.id);
    expect(await pendingIds(30_000)).toContain(item.id);
  });

  it('is postponed with its error, and free at once', async () => {
    const item = await put(1);
    await deliveries.take(item, 1, 100);

    expect(await deliveries.postpone(item, 50, ERROR)).toBe(true);

    const postponed = await deliveries.get(item.id);
    expect(postponed).toMatchObject({ dueAt: 50, attempts: 1, error: ERROR });
    expect(await deliveries.take(postponed!, 50, 60)).toBeDefined();
  });

  it('is parked until a person takes it up again', async () => {
    const item = await put(2);

    expect(await deliveries.park(item, 3, ERROR)).toBe(true);
    expect(await pendingIds(10_000_000)).not.toContain(item.id);
    expect(await deliveries.take(item, 5, 10)).toBeUndefined();
    expect(await deliveries.unpark(item.id, 7)).toBe(true);
    expect(await deliveries.unpark(item.id, 7)).toBe(false);

    expect(await deliveries.get(item.id)).toMatchObject({
      state: 'PENDING',
      attempts: 0,
      dueAt: 7,
    });
  });

  it('is moved to a later time only, and then is not done by what was begun before', async () => {
    const item = await put(100);

    expect(await deliveries.moveTimer(item.id, 99)).toBe(false);
    expect(await deliveries.moveTimer(item.id, 200)).toBe(true);
    expect(await deliveries.moveTimer(timer(1).id, 200)).toBe(false);

    expect(await deliveries.remove(item)).toBe(false);
    expect(await deliveries.postpone(item, 300, ERROR)).toBe(false);
    expect(await deliveries.park(item, 300, ERROR)).toBe(false);
    expect(await deliveries.remove({ ...item, dueAt: 200 })).toBe(true);
    expect(await deliveries.get(item.id)).toBeUndefined();
    expect(await deliveries.remove(item)).toBe(true);
  });

  it('a state is written over the version that was read', async () => {
    expect(await states.put('KIT', 'p', 'k', '1', 0)).toBe(true);
    expect(await states.put('KIT', 'p', 'k', '2', 0)).toBe(false);
    expect(await states.put('KIT', 'p', 'k', '2', 1)).toBe(true);
    expect(await states.put('KIT', 'p', 'k', '3', 1)).toBe(false);

    expect(await states.get('KIT', 'p', 'k')).toEqual({ version: 2, json: '2' });
    expect(await states.remove('KIT', 'p', 'k', 1)).toBe(false);
    expect(await states.remove('KIT', 'p', 'k', 2)).toBe(true);
    expect(await states.get('KIT', 'p', 'k')).toBeUndefined();
  });
};
