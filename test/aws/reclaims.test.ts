/** What the reclaimer relies on, on a real table and bucket: conditions, the fence, the index; and a whole run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableGroups } from '../../aws/groups.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { tableStoredInstances } from '../../aws/stored-instances.ts';
import type { Table } from '../../aws/table.ts';
import { DAY_MS } from '../../core/contracts/day.ts';
import type { GroupItem, InstanceItem } from '../../core/contracts/items.ts';
import { sessionId } from '../../core/contracts/keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { instanceObjectKey } from '../../core/processors/instance-object.ts';
import { PURGE_AFTER_MS } from '../../core/processors/reclaim.ts';
import { runReclaimer } from '../../core/processors/reclaim-run.ts';
import type { ReclaimStore } from '../../core/processors/reclaim-store.ts';
import { startEmulator, type Emulator } from '../support/emulator.ts';
import { aGroup, aManifest, anInstance } from '../support/groups.ts';
const RELEASED_AT = 1_700_000_000_000;

let emulator: Emulator | undefined;
let table: Table;
let objects: ObjectStore;
let groups: GroupStore;
let reclaims: ReclaimStore;
let patients = 0;

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable('gantry-table');
  ({ objects } = await emulator.createBucket('gantry-data'));
  groups = tableGroups(table, objects);
  reclaims = tableReclaims(table);
}, 60_000);
afterAll(() => emulator?.stop(), 60_000);

const BODY = Buffer.from('DICM');

const stored = async (group: GroupItem, sopInstanceUid: string): Promise<InstanceItem> => {
  const facts = anInstance(group, sopInstanceUid);
  const item = { ...facts, objectKey: instanceObjectKey(facts) };
  await objects.put(item.objectKey, BODY, {
    length: BODY.length,
    contentType: 'application/dicom',
  });
  await groups.putInstance(item);
  return item;
};

/** A released group of two instances, of a patient of its own. */
const released = async (
  facts: Partial<GroupItem> = {},
  closedBecause: 'quiet' | 'discarded' = 'quiet',
) => {
  patients += 1;
  const open = aGroup({ keyValues: [`P${patients}`], ...facts });
  const items = [await stored(open, `1.2.${patients}.1`), await stored(open, `1.2.${patients}.2`)];
  const group = { ...open, state: 'CLAIMED' as const };
  await groups.open(group);
  await groups.sealManifest(aManifest(group, items));
  await groups.release(group, {
    ...{ releasedAt: RELEASED_AT, instanceCount: 2, closedBecause },
    ...{ firstReceivedAt: RELEASED_AT, lastReceivedAt: RELEASED_AT, sessions: group.sessions },
  });
  return { group, items };
};

const runAt = (now: number, isFull = true) =>
  runReclaimer(
    {
      ...{ reclaims, groups, objects, sessions: tableSessions(table), clock: () => now },
      aeTitles: { list: () => Promise.resolve([{ aeTitle: 'GANTRY', retentionDays: 1 }]) },
    },
    { until: now + 1, isFull },
  );

const sizes = (items: readonly InstanceItem[]) =>
  Promise.all(items.map(({ objectKey }) => objects.size(objectKey)));

describe('the reclaimer on a real table and bucket', () => {
  it('deletes objects after the retention, and an hour later their items', async () => {
    const { group, items } = await released();
    const [first] = items;

    await runAt(RELEASED_AT + DAY_MS - 1);
    expect(await sizes(items)).toEqual([4, 4]);
    const run = await runAt(RELEASED_AT + DAY_MS, false);
    expect(run).toMatchObject({ handedOver: 1, deletedInstances: 2, failures: [] });
    expect(await sizes(items)).toEqual([undefined, undefined]);
    expect(await groups.instances(group.keyId)).toEqual([]);
    expect(await tableStoredInstances(table).find('GANTRY', first?.sopInstanceUid ?? '')).toEqual(
      [],
    );
    expect(await reclaims.allInstances(group.keyId)).toHaveLength(2);

    const last = await runAt(RELEASED_AT + DAY_MS + PURGE_AFTER_MS);
    expect(last).toMatchObject({ done: 1, failures: [] });
    expect(await reclaims.allInstances(group.keyId)).toEqual([]);
    expect(await groups.get(group.keyId, 1)).toMatchObject({
      reclaimedAt: RELEASED_AT + DAY_MS,
      handedOver: { reason: 'retention', by: 'GANTRY' },
    });
  });

  it('deletes at once what was discarded, whatever the retention', async () => {
    const { group, items } = await released({}, 'discarded');

    const run = await runAt(RELEASED_AT + 1, false);

    expect(run).toMatchObject({ handedOver: 1, deletedInstances: 2, failures: [] });
    expect(await sizes(items)).toEqual([undefined, undefined]);
    expect(await groups.get(group.keyId, 1)).toMatchObject({
      handedOver: { reason: 'discarded', by: 'GANTRY' },
    });
  });

  it('waits while a session of the group runs', async () => {
    const id = sessionId('waits', 'default');
    const { group, items } = await released({ sessions: [id] });
    const sessions = tableSessions(table);
    await sessions.createSession({
      ...{ id, groupId: group.id, aeTitle: 'GANTRY', pipeline: 'default', run: 1 },
      ...{ pipelineName: 'default', priority: 'normal', state: 'PLANNING' },
      ...{ createdAt: RELEASED_AT, studies: [], instanceCount: 2 },
    });

    expect(await runAt(RELEASED_AT + DAY_MS)).toMatchObject({ waiting: 1, deletedInstances: 0 });
    await sessions.finishSession(id, { state: 'SUCCEEDED', endedAt: RELEASED_AT });
    expect(await runAt(RELEASED_AT + 2 * DAY_MS)).toMatchObject({ deletedInstances: 2 });
    expect(await sizes(items)).toEqual([undefined, undefined]);
  });

  it('takes nothing of a group on hold, before or after it was handed over', async () => {
    const { group, items } = await released();
    await reclaims.setLegalHold(group, { reason: 'a claim', at: RELEASED_AT });

    await runAt(RELEASED_AT + DAY_MS);
    await reclaims.putHandOver({
      ...{ id: group.id, keyId: group.keyId, aeTitle: 'GANTRY', groupId: group.id },
      handedOver: { reason: 'person', by: 'test', at: RELEASED_AT },
      ...{ dueAt: RELEASED_AT, attempts: 0 },
    });
    expect(await runAt(RELEASED_AT + DAY_MS)).toMatchObject({ waiting: 1, deletedInstances: 0 });
    expect(await sizes(items)).toEqual([4, 4]);

    await reclaims.setLegalHold(group, undefined);
    expect(await runAt(RELEASED_AT + 2 * DAY_MS)).toMatchObject({ deletedInstances: 2 });
  });

  it('is stopped at every key that has instances of a submitted group when that is put on hold', async () => {
    const keys = Array.from({ length: 120 }, (_, index) => String(index).padStart(20, '0'));
    const group = aGroup({ keyValues: ['submitted'], instanceKeys: keys, state: 'RELEASED' });
    await groups.open(group);

    await reclaims.setLegalHold(group, { reason: 'a claim', at: RELEASED_AT });

    const fences = await Promise.all(keys.map((key) => reclaims.fence(key)));
    expect(new Set(fences)).toEqual(new Set([1]));
    expect(await groups.get(group.keyId, 1)).toMatchObject({ legalHold: { reason: 'a claim' } });
  });

  it('takes an instance from everybody only if nobody began to use its key since', async () => {
    const { group, items } = await released();
    const { keyId } = group;
    const fence = await reclaims.fence(keyId);
    await reclaims.use(keyId, { sessionId: 's1', at: 1 });

    expect(await reclaims.doom(keyId, { fence, newest: 1 }, items, 2)).toBe(false);
    expect(await reclaims.doom(keyId, { fence: fence + 1, newest: 0 }, items, 2)).toBe(false);
    expect(await reclaims.doom(keyId, { fence: fence + 1, newest: 1 }, items, 2)).toBe(true);
    expect(await reclaims.doom(keyId, { fence: fence + 1, newest: 1 }, items, 3)).toBe(false);
    expect(await reclaims.uses(keyId)).toEqual([{ sessionId: 's1', at: 1 }]);
  });

  it('leaves alone what was stored anew while it had the one before', async () => {
    const { group, items } = await released();
    const [first, second] = items as [InstanceItem, InstanceItem];
    await reclaims.doom(group.keyId, { fence: 0, newest: 1 }, items, 2_000_000);
    const anew = { ...first, incarnation: 2, receivedAt: 3_000_000, objectKey: 'instances/2.dcm' };

    expect(await groups.putInstance(first)).toMatchObject({ isNew: false });
    expect(await groups.putInstance(anew)).toMatchObject({ isNew: true });
    expect(await groups.putInstance(anew)).toMatchObject({ isNew: false });
    expect(await reclaims.removeInstance({ ...first, doomedAt: 2_000_000 })).toBe(false);
    expect(await reclaims.removeInstance({ ...second, doomedAt: 2_000_000 })).toBe(true);
    expect(await groups.instances(group.keyId)).toEqual([anew]);
    expect(await tableStoredInstances(table).find('GANTRY', first.sopInstanceUid)).toHaveLength(1);
  });
});
