/** What the API tells about groups and does to them, over a real table and bucket. */
import { isoTime } from '../../../core/contracts/day.ts';
import { CLOCK_SKEW_MS } from '../../../core/contracts/due-time.ts';
import type { GroupItem } from '../../../core/contracts/items.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableGroups } from '../../../aws/groups.ts';
import { Group, GroupDetail, type Page } from '../../../core/contracts/api.ts';
import { buildManifest } from '../../../core/processors/manifest.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';
import { aGroup, dueThen, aManifest, anInstance } from '../../support/groups.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(() => api.stop());

const groups = () => tableGroups(api.context.table, api.context.objects);

const page = async <T>(path: string): Promise<Page<T>> =>
  (await api.call('GET', path)).json as Page<T>;

describe('groups', () => {
  it('are shown by the names of the interface, with times in milliseconds', async () => {
    const group = aGroup({ keyValues: ['1.2.3'], aeTitle: 'SHOWN' });
    await groups().open(group);
    for (const uid of ['1.11.1', '1.11.2']) await groups().putInstance(anInstance(group, uid));

    const shown = Group.parse((await api.call('GET', `/groups/${group.id}`)).json);

    expect(shown).toMatchObject({
      id: group.id,
      aeTitle: 'SHOWN',
      groupBy: 'Study',
      key: '1.2.3',
      generation: 1,
      state: 'COLLECTING',
      instanceCount: 2,
      firstReceivedAt: '1970-01-01T00:16:40.000Z',
      lastReceivedAt: '1970-01-01T00:16:40.500Z',
      releasedAt: null,
      sessions: [],
    });
  });

  it('show the values of a composite key', async () => {
    const group = aGroup({ keyValues: ['P1', 'A1'], groupBy: ['PatientID', 'AccessionNumber'] });
    await groups().open(group);

    const shown = Group.parse((await api.call('GET', `/groups/${group.id}`)).json);

    expect(shown).toMatchObject({
      key: 'P1\\A1',
      keyValues: ['P1', 'A1'],
      groupBy: ['Patient', 'AccessionNumber'],
    });
  });

  it('are listed page by page, each once, the latest first, by AE title and state', async () => {
    const all = Array.from({ length: 7 }, (_, index) =>
      aGroup({
        keyValues: [`9.${index}`],
        aeTitle: 'PAGED',
        // Ties, and two states, must not lose or repeat a group between pages.
        ...dueThen(2_000_000 + Math.floor(index / 3) * 10_000),
        state: index % 2 === 0 ? 'COLLECTING' : 'CLAIMED',
      }),
    );
    for (const group of all) await groups().open(group);

    const seen: Group[] = [];
    let next: string | null = '';
    let pages = 0;
    while (next !== null) {
      const query: string = next === '' ? '' : `&next=${next}`;
      const answer: Page<Group> = await page(`/groups?aeTitle=PAGED&limit=2${query}`);
      seen.push(...answer.items);
      next = answer.next;
      pages += 1;
    }
    const claimed = await page<Group>('/groups?aeTitle=PAGED&state=CLAIMED');

    expect(pages).toBeGreaterThanOrEqual(4);
    expect(seen.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
    expect(seen.map(({ dueAt }) => dueAt)).toEqual(
      seen
        .map(({ dueAt }) => dueAt)
        .sort()
        .reverse(),
    );
    expect(claimed.items).toHaveLength(3);
  });

  it('list while collecting what no earlier generation took, and then their manifest', async () => {
    const first = aGroup({ keyValues: ['5.5'], state: 'RELEASED' });
    const second = aGroup({ keyValues: ['5.5'], generation: 2 });
    const [one, two, three] = ['1.1', '1.2', '1.3'].map((uid) => anInstance(first, uid));
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    for (const item of [one, two, three]) await groups().putInstance(item);
    await groups().open(first);
    await groups().sealManifest(aManifest(first, [one, two]));
    await groups().open(second);

    const uids = async (id: string) =>
      (await page<{ sopInstanceUid: string }>(`/groups/${id}/instances`)).items.map(
        ({ sopInstanceUid }) => sopInstanceUid,
      );

    expect(await uids(first.id)).toEqual(['1.1', '1.2']);
    expect(await uids(second.id)).toEqual(['1.3']);
  });

  it('are, of a rerun that collects, also those that it will repeat, and nothing is sealed for that', async () => {
    const facts = { keyValues: ['1.9'] };
    const first = aGroup({ ...facts, state: 'RELEASED', releasedAt: 1_010_000 });
    const rerun = aGroup({
      ...{ ...facts, generation: 2, late: 'rerun', lateWindowMs: 3_600_000 },
      openedAt: 1_020_000,
      complete: [{ name: 'all', match: 'true', count: 2, countOf: 'instances' }],
    });
    const early = anInstance(first, '1.9.1', { declared: {} });
    const late = anInstance(first, '1.9.2', { receivedAt: 1_020_000, declared: {} });
    for (const item of [early, late]) await groups().putInstance(item);
    await groups().open(first);
    await groups().sealManifest(aManifest(first, [early]));
    await groups().open(rerun);

    const { items } = await page<{ sopInstanceUid: string }>(`/groups/${rerun.id}/instances`);
    const story = JSON.stringify((await api.call('GET', '/explanations?q=1.9')).json);

    expect(items.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(['1.9.1', '1.9.2']);
    expect(story).toContain('2 instances so far (1 of them repeated from earlier groups)');
    expect(story).toContain('2 of 2');
    expect(await groups().manifest(rerun.id)).toBeUndefined();
  });
});

describe('the legal hold of a group', () => {
  it('is shown with its reason and recorded, until a person takes it away', async () => {
    const group = aGroup({ keyValues: ['hold'] });
    await groups().open(group);
    const path = `/groups/${group.id}`;

    const held = await api.call('POST', `${path}/hold`, { reason: 'a claim' });
    const free = await api.call('POST', `${path}/unhold`);

    expect(held).toMatchObject({ status: 200, json: { legalHold: 'a claim' } });
    expect(free).toMatchObject({ status: 200, json: { legalHold: null } });
    expect(await api.context.reclaims.fence(group.keyId)).toBe(2);
    expect(await api.call('POST', `${path}/hold`, { reason: '' })).toMatchObject({ status: 400 });
  });

  it('comes too late when the images are deleted; the group is listed all the same', async () => {
    const group = aGroup({ keyValues: ['gone'], aeTitle: 'GONE', state: 'RELEASED' });
    await groups().open(group);
    await api.context.reclaims.markReclaimed(group, Date.now());

    const held = await api.call('POST', `/groups/${group.id}/hold`, { reason: 'a claim' });

    expect(held).toMatchObject({ status: 409 });
    const { items } = (await api.call('GET', '/groups?aeTitle=GONE')).json as Page<{ id: string }>;
    expect(items.map(({ id }) => id)).toEqual([group.id]);
  });
});

describe('the legal hold of a group of which images are gone', () => {
  /** Composed of a study, of which so many of two images have been deleted since. */
  const composedOf = async (keyValue: string, deleted: number) => {
    const study = aGroup({ keyValues: [keyValue], state: 'RELEASED' });
    const items = [`${keyValue}.1`, `${keyValue}.2`].map((uid) => anInstance(study, uid));
    for (const item of items) await groups().putInstance(item);
    await groups().open(study);
    const group = aGroup({
      ...{ keyValues: [`of ${keyValue}`], closedBecause: 'composed', state: 'RELEASED' },
      instanceKeys: [study.keyId],
    });
    await groups().open(group);
    await groups().sealManifest(aManifest(group, items));
    const fence = await api.context.reclaims.fence(study.keyId);
    const at = { fence, newest: 1 };
    await api.context.reclaims.doom(study.keyId, at, items.slice(0, deleted), Date.now());
    return group;
  };
  const hold = ({ id }: GroupItem) => api.call('POST', `/groups/${id}/hold`, { reason: 'a claim' });

  it('is refused when none is left, and the reason is said', async () => {
    const group = await composedOf('7.1', 2);

    const held = await hold(group);

    expect(held.status).toBe(409);
    expect(JSON.stringify(held.json)).toContain('the images of the group are deleted');
    expect(await groups().get(group.keyId, 1)).not.toHaveProperty('legalHold');
  });

  it('keeps what is left, and its record says how many were deleted before', async () => {
    const group = await composedOf('7.2', 1);

    const held = await hold(group);

    expect(held).toMatchObject({ status: 200, json: { legalHold: 'a claim' } });
    const decisions = await page<{ groupId: string | null; message: string }>('/decisions');
    expect(decisions.items.filter(({ groupId }) => groupId === group.id)).toMatchObject([
      {
        message: 'Nothing of the group is deleted: a claim (1 of its 2 images were deleted before)',
      },
    ]);
  });
});

describe('releasing a group by hand', () => {
  const release = (id: string) => api.call('POST', `/groups/${id}/release`);

  it('claims it and hands it to the stability check, again and again if asked so', async () => {
    const group = aGroup({ keyValues: ['6.1'], ...dueThen(Date.now() + 60_000) });
    await groups().open(group);

    const answers = [await release(group.id), await release(group.id)];
    const item = await groups().get(group.keyId, 1);
    const { waiting } = await api.context.queues.depth(api.context.stabilityChecksQueueUrl);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.json).toMatchObject({ state: 'CLAIMED', closedBecause: 'manual' });
    // What its listener promised is over then.
    expect(item?.sealAfter).toBe((item?.promises['a']?.until ?? 0) + CLOCK_SKEW_MS);
    expect(waiting).toBeGreaterThanOrEqual(2);
  });

  it('frees what is held; until then it is shown as held', async () => {
    const group = aGroup({
      ...{ late: 'hold', held: true, keyValues: ['6.2'] },
    });
    await groups().open(group);
    for (const uid of ['6.2.1', '6.2.2', '6.2.3']) {
      await groups().putInstance(anInstance(group, uid));
    }

    const held = await page<Group>('/groups?held=true');
    const status = await api.call('GET', '/status');
    await release(group.id);

    expect(held.items).toMatchObject([{ id: group.id, held: true, late: 'hold', dueAt: null }]);
    // Counted: its listeners told of two.
    expect(held.items).toMatchObject([{ instanceCount: 3 }]);
    expect(status.json).toMatchObject({
      heldGroups: 1,
      problems: expect.arrayContaining([
        expect.stringContaining('gantry group list --held'),
      ]) as unknown,
    });
    expect(await groups().get(group.keyId, 1)).toMatchObject({ state: 'CLAIMED', held: false });
    expect((await page<Group>('/groups?held=true')).items).toEqual([]);
  });

  it('changes nothing of one that was released, and finds only what there is', async () => {
    const group = aGroup({ keyValues: ['6.4'], state: 'RELEASED', closedBecause: 'quiet' });
    await groups().open(group);

    expect(await release(group.id)).toMatchObject({ status: 200, json: { state: 'RELEASED' } });
    expect(await release(`${group.keyId}-g2`)).toMatchObject({ status: 404 });
    expect(await release('nothing')).toMatchObject({ status: 404 });
  });
});

describe("a group's timeline", () => {
  it('tells who opened it, who sent what, what moved the due time, and why it closed', async () => {
    const group = aGroup({
      ...{ keyValues: ['6.6'], state: 'RELEASED', closedBecause: 'quiet' },
      ...{ claimedAt: 1_010_000, releasedAt: 1_010_500, sessions: ['s1'] },
      openedBy: { callingAeTitle: 'CT1', associationId: 'a1' },
      touchedBy: { callingAeTitle: 'CT2', associationId: 'a2' },
    });
    await groups().open(group);
    const sent = [
      ['1.1', 'CT1', 'a1', 1_000_000],
      ['1.2', 'CT1', 'a1', 1_000_200],
      ['1.3', 'CT2', 'a2', 1_000_400],
    ] as const;
    await groups().sealManifest(
      aManifest(
        group,
        sent.map(([uid, callingAeTitle, associationId, receivedAt]) =>
          anInstance(group, uid, { callingAeTitle, associationId, receivedAt }),
        ),
      ),
    );

    const { timeline } = GroupDetail.parse((await api.call('GET', `/groups/${group.id}`)).json);

    expect(timeline).toMatchObject([
      { event: 'opened', callingAeTitle: 'CT1', associationId: 'a1' },
      {
        event: 'received',
        at: '1970-01-01T00:16:40.000Z',
        until: '1970-01-01T00:16:40.200Z',
        callingAeTitle: 'CT1',
        count: 2,
        message: '2 instances in one association',
        dueAt: isoTime(1_000_200 + group.timeoutMs + CLOCK_SKEW_MS),
      },
      {
        ...{ event: 'received', callingAeTitle: 'CT2', associationId: 'a2', count: 1 },
        dueAt: isoTime(1_000_400 + group.timeoutMs + CLOCK_SKEW_MS),
      },
      { event: 'due-moved', callingAeTitle: 'CT2', associationId: 'a2' },
      { event: 'claimed', message: 'nothing had come during its quiet time' },
      { event: 'sealed', count: 3 },
      { event: 'released', message: expect.stringContaining('1 session started') as string },
    ]);
  });

  it('tells since when a group is held and for what; its due time is none, also after its release', async () => {
    const group = aGroup({
      ...{ keyValues: ['6.8'], instanceCount: 1, held: true, incomplete: true },
      ...{ lateUntil: 1_065_000, lateWindowMs: 60_000 },
      touchedBy: { callingAeTitle: 'CT1', associationId: 'a1' },
    });
    await groups().open(group);
    for (const uid of ['1.10.1', '1.10.2']) {
      await groups().putInstance(anInstance(group, uid, { receivedAt: 1_000_000 }));
    }

    const show = async () => GroupDetail.parse((await api.call('GET', `/groups/${group.id}`)).json);
    const held = await show();
    await api.call('POST', `/groups/${group.id}/release`);
    const released = await show();

    expect(held).toMatchObject({ held: true, dueAt: null, instanceCount: 2 });
    expect(held.timeline).toContainEqual(
      expect.objectContaining({
        at: '1970-01-01T00:16:45.000Z',
        event: 'held',
        message: expect.stringContaining('until 1970-01-01T00:17:45.000Z') as string,
      }),
    );
    expect(released).toMatchObject({ state: 'CLAIMED', held: false, dueAt: null });
    const moved = released.timeline.filter(({ event }) => event === 'due-moved');
    expect(moved).toMatchObject([{ message: expect.not.stringMatching(/\d{4}-/) as string }]);
  });

  it('of a group to which very many associations sent is bounded', async () => {
    const group = aGroup({ keyValues: ['6.7'] });
    await groups().open(group);
    for (let number = 0; number < 80; number += 1) {
      const facts = { associationId: `a${number}`, receivedAt: 1_000_000 + number };
      await groups().putInstance(anInstance(group, `1.9.${number}`, facts));
    }

    const { timeline } = GroupDetail.parse((await api.call('GET', `/groups/${group.id}`)).json);

    const received = timeline.filter(({ event }) => event === 'received');
    expect(received).toHaveLength(51);
    expect(received.at(-1)).toMatchObject({
      count: 30,
      associationId: null,
      message: '30 instances in 30 further associations',
    });
  });
});

describe('a rule that is tried on a group', () => {
  const trial = (id: string, rule: string) => api.call('POST', `/groups/${id}/rule`, { rule });

  it('says what it says of the manifest, and every value that it read', async () => {
    const group = aGroup({ keyValues: ['RULED'] });
    await groups().open(group);
    const attributes = { Modality: 'CT', PatientAge: 54 };
    await groups().sealManifest(
      buildManifest(group, [anInstance(group, '1', { attributes })], 1_010_000),
    );

    const matched = await trial(group.id, '"CT" in instances.Modality');
    const failed = await trial(group.id, 'instances.PatientAge');

    expect(matched).toMatchObject({
      status: 200,
      json: {
        outcome: 'matched',
        reason: null,
        readings: [{ path: 'instances.Modality', values: [{ value: 'CT', count: 1 }] }],
      },
    });
    expect(failed.json).toMatchObject({ outcome: 'failed', reason: expect.any(String) as string });
  });

  it('looks at what has come so far while the group collects', async () => {
    const group = aGroup({ keyValues: ['COLLECTING'] });
    await groups().open(group);
    await groups().putInstance(anInstance(group, '1', { attributes: { Modality: 'MR' } }));

    expect((await trial(group.id, '"MR" in instances.Modality')).json).toMatchObject({
      outcome: 'matched',
    });
  });

  it('is refused like one that is saved', async () => {
    const group = aGroup({ keyValues: ['REFUSED'] });
    await groups().open(group);

    expect(await trial(group.id, 'instances.Modallity = 1')).toMatchObject({
      status: 400,
      json: {
        problems: [{ path: 'rule', message: expect.stringContaining('"Modality"') as string }],
      },
    });
  });
});
