/** The store of groups on a real table and bucket: its conditions, its orders, its index; and the way in on top. */
import { GANTRY_AE_TITLE } from '../support/ae-titles.ts';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tableGroups } from '../../aws/groups.ts';
import type { Table } from '../../aws/table.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import { memoryDeliveries } from '../../core/processors/extension/memory-stores.ts';
import type { GroupItem, GroupManifest, InstanceItem } from '../../core/contracts/items.ts';
import { groupId, shortHash, stateIndexKeys, tableKeys } from '../../core/contracts/keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import type { GroupStore, Touch } from '../../core/processors/group-store.ts';
import { CLOCK_SKEW_MS, dueAt } from '../../core/contracts/due-time.ts';
import { part10Head } from '../../core/dicom/part10.ts';
import { makeIngest } from '../../listener-container/ingest/ingest.ts';
import { dueThen } from '../support/groups.ts';
import { startEmulator, type Emulator } from '../support/emulator.ts';
import { contextOf, dataSetOf, receive } from '../support/received-instances.ts';

const START_TIMEOUT_MS = 60_000;

let emulator: Emulator | undefined;
let table: Table;
let objects: ObjectStore;
let groups: GroupStore;
let spoolDirectory = '';

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable('gantry-table');
  ({ objects } = await emulator.createBucket('gantry-data'));
  groups = tableGroups(table, objects);
  spoolDirectory = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
}, START_TIMEOUT_MS);
afterAll(async () => {
  await rm(spoolDirectory, { recursive: true, force: true });
  await emulator?.stop();
}, START_TIMEOUT_MS);

let keys = 0;
const newKey = (): string => {
  keys += 1;
  return shortHash(`key ${keys}`, 20);
};

const aGroup = (change: Partial<GroupItem> = {}): GroupItem => {
  const keyId = change.keyId ?? newKey();
  const generation = change.generation ?? 1;
  return {
    id: groupId(keyId, generation),
    keyId,
    generation,
    aeTitle: 'GANTRY',
    processor: 'ae-title',
    groupBy: ['PatientID'],
    keyValues: ['P1'],
    state: 'COLLECTING',
    priority: 'normal',
    pipelines: {},
    timeoutMs: 5000,
    openedAt: 1000,
    firstReceivedAt: 1000,
    lastReceivedAt: 1000,
    promises: { a: { until: 1500, turn: 1 } },
    version: 1,
    capAt: 3_601_000,
    instanceCount: 1,
    sessions: [],
    ...change,
  };
};

const anInstance = (keyId: string, number: number): InstanceItem => ({
  aeTitle: 'GANTRY',
  keyId,
  sopInstanceUid: `1.2.${number}`,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  seriesInstanceUid: '1.3',
  studyInstanceUid: '1.4',
  patientId: 'P1',
  issuerOfPatientId: '',
  transferSyntaxUid: '1.2.840.10008.1.2',
  objectKey: `instances/${number}`,
  size: 10,
  sha256: shortHash(String(number), 64),
  callingAeTitle: 'CT1',
  remoteAddress: '127.0.0.1',
  associationId: 'a',
  receivedAt: 1000 + number,
  attributes: { PatientID: 'P1', OperatorsName: ['A^B', 'C^D'], PatientWeight: 70.5 },
});

const SENDER = { callingAeTitle: 'CT1', associationId: 'a1' };

const aTouch = (change: Partial<Touch>): Touch => ({
  listener: 'b',
  promise: { until: 6000, turn: 1 },
  held: false,
  lastReceivedAt: 1000,
  instances: 1,
  touchedBy: SENDER,
  ...change,
});

const CLAIM = { claimedAt: 7000, sealAfter: 7000, closedBecause: 'quiet' } as const;

describe('groups of the table', () => {
  it('opens a generation once, and finds the newest and all in order', async () => {
    const first = aGroup();
    const tenth = aGroup({ keyId: first.keyId, generation: 10 });

    const opened = [await groups.open(first), await groups.open(tenth), await groups.open(first)];

    expect(opened).toEqual([true, true, false]);
    expect(await groups.newest(first.keyId)).toEqual(tenth);
    expect(await groups.generations(first.keyId)).toEqual([first, tenth]);
    expect(await groups.get(first.keyId, 2)).toBeUndefined();
  });

  it('has the last promise of each listener, only while collecting', async () => {
    const { keyId } = await opened(aGroup());
    const touch = (listener: string, turn: number, until: number) =>
      groups.touch(keyId, 1, aTouch({ listener, promise: { until, turn }, instances: 2 }));

    const answers = [
      await touch('a', 2, 8000),
      await touch('b', 1, 2000),
      // Taken back; and a write that comes late.
      await touch('a', 3, 3000),
      await touch('a', 2, 8000),
      await touch('a', 3, 3000),
    ];
    const missing = await groups.touch(keyId, 2, aTouch({}));

    expect([...answers, missing]).toEqual([true, true, true, false, true, false]);
    const group = await groups.get(keyId, 1);
    expect(group).toMatchObject({
      touchedBy: SENDER,
      promises: { a: { until: 3000, turn: 3 }, b: { until: 2000, turn: 1 } },
      version: 5,
      lastReceivedAt: 1000,
      instanceCount: 9,
    });
    expect(group && dueAt(group)).toBe(3000 + 5000 + CLOCK_SKEW_MS);
  });

  it('does not let a listener touch a group that is held without its knowing, or the other way round', async () => {
    const collecting = await opened(aGroup());
    const held = await opened(aGroup({ late: 'hold', held: true }));
    const before = aTouch({ held: false });
    const knowing = aTouch({ held: true });

    const answers = [
      await groups.touch(collecting.keyId, 1, knowing),
      await groups.touch(held.keyId, 1, before),
      await groups.touch(held.keyId, 1, knowing),
      await groups.hold(collecting, { lateUntil: 90_000, inputs: [] }),
      await groups.touch(collecting.keyId, 1, before),
      await groups.touch(collecting.keyId, 1, knowing),
    ];

    expect(answers).toEqual([false, false, true, true, false, true]);
  });

  it('claims and holds a group only as it was read, and claims it once', async () => {
    const group = await opened(aGroup({ capAt: 6600 }));
    await groups.touch(group.keyId, 1, aTouch({}));
    const touched = { ...group, version: group.version + 1 };

    const stale = [
      await groups.claim(group, CLAIM),
      await groups.hold(group, { lateUntil: 90_000, inputs: [] }),
    ];
    const claims = await Promise.all([1, 2, 3].map(() => groups.claim(touched, CLAIM)));
    const late = await groups.touch(group.keyId, 1, aTouch({}));

    expect(stale).toEqual([false, false]);
    expect(claims.filter((claimed) => claimed)).toHaveLength(1);
    expect(late).toBe(false);
    expect(await groups.get(group.keyId, 1)).toMatchObject({ state: 'CLAIMED', ...CLAIM });
  });

  it('releases what is claimed, once', async () => {
    const group = await opened(aGroup());
    const release = {
      releasedAt: 7100,
      instanceCount: 3,
      firstReceivedAt: 900,
      lastReceivedAt: 1300,
      closedBecause: 'quiet',
      sessions: ['s1', 's2'],
      supersedes: 'g0',
    } as const;

    const early = await groups.release(group, release);
    await groups.claim(group, CLAIM);
    const answers = [await groups.release(group, release), await groups.release(group, release)];

    expect([early, ...answers]).toEqual([false, true, false]);
    expect(await groups.get(group.keyId, 1)).toMatchObject({ state: 'RELEASED', ...release });
  });

  it('finds overdue and abandoned groups by the index', async () => {
    const due = await opened(aGroup(dueThen(6000)));
    await opened(aGroup(dueThen(5_000_000_000)));
    const claimed = await opened(aGroup(dueThen(5900)));
    await groups.claim(claimed, { ...CLAIM, claimedAt: 450 });

    const overdue = await groups.collectingDueBefore(6001, 100);
    const abandoned = await groups.claimedBefore(451, 100);

    expect(overdue.map(({ id }) => id)).toEqual([due.id]);
    expect(abandoned.map(({ id }) => id)).toEqual([claimed.id]);
    expect(await groups.claimedBefore(449, 100)).toEqual([]);
  });

  it('leaves the entry of the index where it is, and asks it when the group is due', async () => {
    const first = await opened(aGroup(dueThen(12_000)));
    const second = await opened(aGroup(dueThen(13_000)));
    const touch = (until: number, turn: number) =>
      groups.touch(first.keyId, 1, aTouch({ listener: 'a', promise: { until, turn } }));
    const place = async (): Promise<string | undefined> => {
      const Entry = z.object({ id: z.string(), stateSk: z.string() });
      const entries = await table.queryState(stateIndexKeys.group('COLLECTING'), Entry);
      return entries.find(({ id }) => id === first.id)?.stateSk;
    };
    const ours = async (time: number): Promise<string[]> => {
      const overdue = await groups.collectingDueBefore(time, 1000);
      return overdue.map(({ id }) => id).filter((id) => [first.id, second.id].includes(id));
    };

    const before = await place();
    expect(await ours(12_999)).toEqual([first.id]);
    await touch(30_000, 2);

    expect(await place()).toBe(before);
    expect(await ours(35_099)).toEqual([second.id]);
    expect(await ours(35_100)).toEqual([second.id, first.id]);
    await touch(20_000, 3);
    expect(await ours(25_100)).toEqual([second.id, first.id]);
  });

  it('keeps a held group away from the sweep until it is claimed', async () => {
    const group = await opened(aGroup({ late: 'hold', held: true }));

    const overdue = await groups.collectingDueBefore(Date.now() + 86_400_000, 1000);
    const claimed = await groups.claim({ ...group }, { ...CLAIM, closedBecause: 'manual' });

    expect(overdue.map(({ id }) => id)).not.toContain(group.id);
    expect(claimed).toBe(true);
    expect(await groups.get(group.keyId, 1)).toMatchObject({ state: 'CLAIMED', held: false });
  });

  it('ends the window of a held group, which is another version then, and of no other', async () => {
    const held = await opened(aGroup({ late: 'hold', held: true }));
    const collecting = await opened(aGroup());

    const answers = [await groups.endWindow(held), await groups.endWindow(collecting)];
    const stale = await groups.claim(held, { ...CLAIM, closedBecause: 'empty' });
    const claimed = await groups.claim({ ...held, version: held.version + 1 }, CLAIM);

    expect(answers).toEqual([true, false]);
    expect([stale, claimed]).toEqual([false, true]);
    expect(await groups.endWindow(held)).toBe(false);
    expect(await groups.get(held.keyId, 1)).toMatchObject({ windowOver: true, state: 'CLAIMED' });
  });

  it('keeps an instance once, with its attributes, and lists those of its key alone', async () => {
    const keyId = newKey();
    const item = anInstance(keyId, 1);

    const answers = [await groups.putInstance(item), await groups.putInstance(item)];
    await groups.putInstance(anInstance(keyId, 2));
    await groups.putInstance(anInstance(newKey(), 3));

    expect(answers.map(({ isNew }) => isNew)).toEqual([true, false]);
    expect(answers.map(({ others }) => others)).toEqual([[], []]);
    expect(await groups.getInstance(keyId, item.sopInstanceUid, item.sha256)).toEqual(item);
    expect(await groups.instances(keyId)).toEqual([item, anInstance(keyId, 2)]);
  });

  it('lets one of several sealers win, and gives all the same manifest', async () => {
    const { id } = aGroup();
    const manifest = (sealedAt: number): GroupManifest => ({
      groupId: id,
      aeTitle: 'GANTRY',
      groupBy: ['PatientID'],
      sealedAt,
      series: [],
    });

    expect(await groups.manifest(id)).toBeUndefined();
    const sealed = await Promise.all(
      [1, 2, 3, 4].map((time) => groups.sealManifest(manifest(time))),
    );

    expect(new Set(sealed.map(({ sealedAt }) => sealedAt)).size).toBe(1);
    expect(await groups.manifest(id)).toEqual(sealed[0]);
  });

  it('makes a group findable by its studies', async () => {
    await groups.indexStudies('g1', ['1.4', '1.5']);
    await groups.indexStudies('g1', ['1.4']);

    const found = await table.queryAll(
      tableKeys.studyPartition('1.4'),
      'G#',
      z.object({ id: z.string() }),
    );

    expect(found).toEqual([{ id: 'g1' }]);
  });
});

describe('ingest on a real table and bucket', () => {
  const settings: AeTitleItem = {
    ...GANTRY_AE_TITLE,
  };

  it.each([
    ['a small instance from memory', 1000, 8 * 1024 * 1024],
    ['a large instance from memory', 5_000_000, 8 * 1024 * 1024],
    ['a large instance from a file', 5_000_000, 1_000_000],
  ])('stores %s byte for byte', { timeout: 30_000 }, async (what, pixels, memory) => {
    const facts = { sopInstanceUid: `1.2.${pixels}.${memory}`, patientId: what, pixels };
    const receiver = makeIngest({
      objects,
      groups,
      stored: { find: () => Promise.resolve([]) },
      aeTitle: () => Promise.resolve(settings),
      sendCheck: () => Promise.resolve(),
      sendDelivery: () => Promise.resolve(),
      cache: { touchSeries: () => Promise.resolve() },
      deliveries: memoryDeliveries(Date.now),
      spoolDirectory,
      clock: Date.now,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      limits: { memoryPerInstanceBytes: memory },
    });

    const outcome = await receive(receiver, facts);

    const whole = Buffer.concat([part10Head(contextOf(facts)), dataSetOf(facts)]);
    const group = (await groups.collectingDueBefore(Date.now() + 10_000, 100)).find(
      ({ keyValues }) => keyValues[0] === what,
    );
    const [item] = await groups.instances(group?.keyId ?? '');
    const bytes = await objects.getBytes(item?.objectKey ?? '');
    expect(outcome).toEqual({ status: 0 });
    expect(item?.size).toBe(whole.length);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      createHash('sha256').update(whole).digest('hex'),
    );
  });
});

const opened = async (group: GroupItem): Promise<GroupItem> => {
  await groups.open(group);
  return group;
};
