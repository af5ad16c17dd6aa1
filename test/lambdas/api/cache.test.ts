/** Caches by the API: what they list, sessions composed of exactly what they have, and what is refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestInstances } from '../../../core/processors/members.ts';
import { sweepCaches } from '../../../core/processors/extension/cache.ts';
import { makeIngest } from '../../../listener-container/ingest/ingest.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';
import { receive, type InstanceFacts } from '../../support/received-instances.ts';

let api: EmulatedApi;
let spoolDirectory: string;
beforeAll(async () => {
  api = await startEmulatedApi();
  spoolDirectory = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
  await api.call('PUT', '/ae-titles/CACHE', { processor: 'cache' });
  await send('CACHE', '1.2.1', 'P1', [1, 2]);
  await send('CACHE', '1.2.2', 'P1', [3]);
  await send('CACHE', '1.2.3', 'P2', [4]);
}, 90_000);
afterAll(async () => {
  await api.stop();
  await rm(spoolDirectory, { recursive: true, force: true });
});

/** Instances of a study, each in a series of its own. */
const send = async (aeTitle: string, study: string, patientId: string, numbers: number[]) => {
  const { context: site } = api;
  const receiver = makeIngest({
    ...{ objects: site.objects, groups: site.groups, clock: Date.now, spoolDirectory },
    ...{ deliveries: site.deliveries, cache: site.cache },
    aeTitle: (name) => site.configuration.aeTitles.get(name),
    stored: { find: () => Promise.resolve([]) },
    sendCheck: () => Promise.resolve(),
    sendDelivery: () => Promise.reject(new Error('a cache tells nobody')),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  for (const number of numbers) {
    const facts: InstanceFacts = {
      ...{ sopInstanceUid: `${study}.${number}`, patientId, studyInstanceUid: study },
      ...{ seriesInstanceUid: `${study}.${number}.0` },
    };
    const context = { calledAeTitle: aeTitle };
    expect(await receive(receiver, facts, { context })).toEqual({ status: 0 });
  }
};

const items = async (path: string): Promise<Record<string, unknown>[]> =>
  ((await api.call('GET', path)).json as { items: Record<string, unknown>[] }).items;

const compose = (body: Record<string, unknown>) =>
  api.call('POST', '/cache/compose', { pipeline: 'default', ...body });

const composedObjects = async (groupId: string): Promise<string[]> => {
  const manifest = await api.context.groups.manifest(groupId);
  return manifestInstances(manifest!).map(({ sopInstanceUid }) => sopInstanceUid);
};

describe('a cache', { timeout: 30_000 }, () => {
  it('lists its patients, studies and series, page by page', async () => {
    const patients = await items('/cache/patients?aeTitle=CACHE');
    const studies = await items('/cache/studies?patient=P1');
    const series = await items('/cache/series?study=1.2.1');
    const page = (await api.call('GET', '/cache/series?limit=1')).json as { next: string | null };

    expect(patients.map(({ patientId, studies: count }) => [patientId, count])).toEqual([
      ['P2', 1],
      ['P1', 2],
    ]);
    expect(studies.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual(['1.2.2', '1.2.1']);
    expect(series).toHaveLength(2);
    expect(page.next).not.toBeNull();
  });

  it('opens no group by itself', async () => {
    expect(await items('/groups?aeTitle=CACHE&state=COLLECTING')).toEqual([]);
  });

  it('refuses a groupBy other than Study, and settings that it does not have', async () => {
    const refused = await api.call('PUT', '/ae-titles/CACHE2', {
      ...{ processor: 'cache', groupBy: 'Patient' },
      settings: { retentionDays: -1, colour: 'red' },
    });

    expect(refused.status).toBe(400);
    for (const text of ['groupBy', 'retentionDays', 'colour']) expect(refused.text).toContain(text);
  });
});

describe('a composed session', { timeout: 30_000 }, () => {
  it('has exactly the instances of the chosen studies at that moment', async () => {
    const composed = await compose({ studies: ['1.2.1', '1.2.2'], priority: 'Higher' });
    const { groupId, sessionId } = composed.json as { groupId: string; sessionId: string };
    await send('CACHE', '1.2.1', 'P1', [9]);

    const session = await api.context.sessions.getSession(sessionId);
    expect(composed).toMatchObject({ status: 200, json: { aeTitle: 'CACHE', instances: 3 } });
    expect(session).toMatchObject({ priority: 'higher', instanceCount: 3, pipeline: 'default' });
    expect((await composedObjects(groupId)).sort()).toEqual(['1.2.1.1', '1.2.1.2', '1.2.2.3']);
    expect((await api.call('GET', `/groups/${groupId}`)).json).toMatchObject({
      ...{ state: 'RELEASED', closedBecause: 'composed' },
    });
  });

  it('is a new one each time, but the same under the same name', async () => {
    const ids = [];
    for (const name of [undefined, undefined, 'mine', 'mine']) {
      const { json } = await compose({ studies: ['1.2.2'], name });
      ids.push((json as { sessionId: string }).sessionId);
    }

    expect(new Set(ids.slice(0, 2)).size).toBe(2);
    expect(ids[2]).toBe(ids[3]);
  });

  it('is across patients only if told so', async () => {
    const refused = await compose({ studies: ['1.2.2', '1.2.3'] });
    const allowed = await compose({ studies: ['1.2.2', '1.2.3'], acrossPatients: true });

    expect(refused).toMatchObject({ status: 409, json: { code: 'not-composable' } });
    expect(refused.text).toContain('--across-patients');
    expect(allowed).toMatchObject({ status: 200, json: { instances: 2 } });
  });

  it('is refused for a study that another AE title received, naming it and the caches', async () => {
    await api.call('PUT', '/ae-titles/CT', { groupBy: 'Study' });
    await send('CT', '1.2.7', 'P7', [7]);

    const refused = await compose({ studies: ['1.2.2', '1.2.7', '1.2.8'] });
    const notCache = await compose({ studies: ['1.2.7'], aeTitle: 'CT' });

    expect(refused.text).toContain('the study 1.2.7 was received by CT');
    expect(refused.text).toContain('the study 1.2.8 is in no cache');
    expect(refused.text).toContain('send it to CACHE');
    expect(notCache.text).toContain('CT is no AE title with the processor cache');
  });

  it.each([
    ['an unknown pipeline', { pipeline: 'none' }, 'gantry pipeline set none'],
    ['an unknown priority', { priority: 'soon' }, 'immediate'],
  ])('is refused for %s', async (_, change, told) => {
    const refused = await compose({ studies: ['1.2.2'], ...change });

    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.text).toContain(told);
  });
});

describe('a study that is cleaned', { timeout: 30_000 }, () => {
  it('is in no list any more, and is there again when it is sent again', async () => {
    await send('CACHE', '1.2.30', 'P3', [1, 2]);
    const cleaned = await api.call('POST', '/cache/CACHE/studies/1.2.30/clean', {});
    const gone = await items('/cache/studies?study=1.2.30');
    const refused = await compose({ studies: ['1.2.30'] });

    await send('CACHE', '1.2.30', 'P3', [1]);
    const again = await compose({ studies: ['1.2.30'] });

    expect(cleaned.json).toEqual({ aeTitle: 'CACHE', instances: 2 });
    expect(gone).toEqual([]);
    expect(refused.status).toBe(409);
    expect(again.json).toMatchObject({ instances: 1 });
  });

  it('after its retention is one that got nothing for so long', async () => {
    await api.call('PUT', '/ae-titles/SHORT', {
      processor: 'cache',
      settings: { retentionDays: 2 },
    });
    await send('SHORT', '1.2.40', 'P4', [1]);
    const aeTitles = (await api.context.configuration.aeTitles.list()).filter(
      ({ aeTitle }) => aeTitle === 'SHORT',
    );
    const day = 86_400_000;
    const sweep = (days: number) =>
      sweepCaches({ ...api.context, clock: () => Date.now() + days * day }, aeTitles);

    expect(await sweep(1.9)).toEqual({ studies: 0 });
    expect(await sweep(2.1)).toEqual({ studies: 1 });
    expect(await items('/cache/studies?aeTitle=SHORT')).toEqual([]);
  });
});
