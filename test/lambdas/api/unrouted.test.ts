/** What a person can do with instances that belong to no group, over a real table and bucket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page, Unrouted } from '../../../core/contracts/api.ts';
import { memoryDeliveries } from '../../../core/processors/extension/memory-stores.ts';
import { InstanceItem } from '../../../core/contracts/items.ts';
import { parseGroupId } from '../../../core/contracts/keys.ts';
import { runReclaimer } from '../../../core/processors/reclaim-run.ts';
import { makeIngest } from '../../../listener-container/ingest/ingest.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';
import { CT_IMAGE, dataSetOf, receive } from '../../support/received-instances.ts';

let api: EmulatedApi;
let spoolDirectory = '';

beforeAll(async () => {
  api = await startEmulatedApi();
  spoolDirectory = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
}, 60_000);

afterAll(async () => {
  await api.stop();
  await rm(spoolDirectory, { recursive: true, force: true });
});

/** Received by GANTRY, which groups by Patient, without a PatientID. */
const unrouted = async (sopInstanceUid: string): Promise<Unrouted> => {
  const { context } = api;
  const receiver = makeIngest({
    ...{ objects: context.objects, groups: context.groups, clock: Date.now, spoolDirectory },
    aeTitle: (name) => context.configuration.aeTitles.get(name),
    stored: { find: () => Promise.resolve([]) },
    sendCheck: () => Promise.resolve(),
    sendDelivery: () => Promise.resolve(),
    cache: { touchSeries: () => Promise.resolve() },
    deliveries: memoryDeliveries(Date.now),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  const facts = { sopInstanceUid, patientId: undefined, studyInstanceUid: '1.2.77' };
  expect(await receive(receiver, facts)).toEqual({ status: 0 });
  const { items } = (await api.call('GET', '/unrouted')).json as Page<Unrouted>;
  const found = items.find((item) => item.sopInstanceUid === sopInstanceUid);
  if (found === undefined) throw new Error('it is not unrouted');
  return found;
};

/** What the reclaimer does within the next minute. */
const reclaim = () =>
  runReclaimer(
    { ...api.context, aeTitles: api.context.configuration.aeTitles },
    { until: Date.now() + 60_000 },
  );

const route = (id: string, to: string) => api.call('POST', `/unrouted/${id}/route`, { to });

describe('an unrouted instance', () => {
  it('is grouped under the AE title to which it is routed, byte for byte', async () => {
    await api.call('PUT', '/ae-titles/BYSTUDY', { groupBy: 'Study' });
    const { id, objectKey } = await unrouted('1.2.1');

    const routed = await route(id, 'BYSTUDY');
    const { groupId } = routed.json as { groupId: string };
    const { keyId = '' } = parseGroupId(groupId) ?? {};
    const [item] = await api.context.groups.instances(keyId);

    expect(routed.json).toMatchObject({ aeTitle: 'BYSTUDY' });
    expect(await api.context.groups.get(keyId, 1)).toMatchObject({
      state: 'COLLECTING',
      aeTitle: 'BYSTUDY',
      keyValues: ['1.2.77'],
      instanceCount: 1,
    });
    expect(InstanceItem.parse(item)).toMatchObject({ aeTitle: 'BYSTUDY', sopInstanceUid: '1.2.1' });
    const dataSet = dataSetOf({
      ...{ sopInstanceUid: '1.2.1', patientId: undefined, studyInstanceUid: '1.2.77' },
    });
    const stored = Buffer.from(await api.context.objects.getBytes(item?.objectKey ?? ''));
    expect(stored.subarray(-dataSet.length).equals(dataSet)).toBe(true);
    expect(await api.call('GET', `/unrouted/${id}`)).toMatchObject({ status: 404 });
    await reclaim();
    expect(await api.context.objects.size(objectKey)).toBeUndefined();
  });

  it('comes to the same group when it is sent and routed again', async () => {
    await api.call('PUT', '/ae-titles/AGAIN', { groupBy: 'Study' });
    const { id } = await unrouted('1.2.2');
    const first = await route(id, 'AGAIN');
    await unrouted('1.2.2');
    const second = await route(id, 'AGAIN');

    expect(second.json).toEqual(first.json);
    const { keyId = '' } = parseGroupId((first.json as { groupId: string }).groupId) ?? {};
    expect(await api.context.groups.instances(keyId)).toHaveLength(1);
  });

  it.each([
    ['BYPATIENT', { groupBy: 'Patient' }, 'has no PatientID'],
    ['BYPROTOCOL', { groupBy: 'ProtocolName' }, 'has no ProtocolName'],
    ['NOCT', { groupBy: 'Study', ignore: [CT_IMAGE] }, 'NOCT ignores this SOP class'],
  ])('stays when %s cannot group it', async (to, settings, reason) => {
    await api.call('PUT', `/ae-titles/${to}`, settings);
    const { id } = await unrouted('1.2.3');

    const refused = await route(id, to);

    expect(refused).toMatchObject({ status: 409, json: { code: 'not-routable' } });
    expect(refused.text).toContain(reason);
    expect(await api.call('GET', `/unrouted/${id}`)).toMatchObject({ status: 200 });
  });

  it('is routed to AE titles that there are, and only from what there is', async () => {
    const { id } = await unrouted('1.2.4');

    expect(await route(id, 'NOBODY')).toMatchObject({ status: 404 });
    expect(await route('nothing', 'GANTRY')).toMatchObject({ status: 404 });
    expect(await api.call('POST', `/unrouted/${id}/route`, {})).toMatchObject({ status: 400 });
  });

  it('is deleted with its object, and not what a group has of the same instance', async () => {
    await api.call('PUT', '/ae-titles/KEPT', { groupBy: 'Study' });
    const first = await unrouted('1.2.5');
    const routed = await route(first.id, 'KEPT');
    const { keyId = '' } = parseGroupId((routed.json as { groupId: string }).groupId) ?? {};
    const again = await unrouted('1.2.5');

    const deleted = await api.call('DELETE', `/unrouted/${again.id}`);
    const [item] = await api.context.groups.instances(keyId);

    expect(deleted.status).toBe(204);
    await reclaim();
    expect(await api.context.objects.size(again.objectKey)).toBeUndefined();
    expect(await api.context.objects.size(item?.objectKey ?? '')).toBeGreaterThan(0);
    expect(await api.call('DELETE', `/unrouted/${again.id}`)).toMatchObject({ status: 404 });
  });
});

describe('what an AE title ignored', () => {
  it('is counted and shown with it', async () => {
    const ignored = { aeTitle: 'GANTRY', sopClassUid: CT_IMAGE, lastAt: 1_700_000_000_000 };
    await api.context.groups.countIgnored({ ...ignored, count: 3 });
    await api.context.groups.countIgnored({ ...ignored, count: 4 });

    expect((await api.call('GET', '/ae-titles/GANTRY')).json).toMatchObject({
      ignored: [{ sopClassUid: CT_IMAGE, count: 7, lastAt: '2023-11-14T22:13:20.000Z' }],
    });
  });
});
