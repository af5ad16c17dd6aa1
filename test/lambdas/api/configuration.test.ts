/** The API's configuration resources, its refusals, and the document that describes it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(() => api.stop());

describe('a new installation', () => {
  it('is ready, and has the AE title GANTRY and the default pipeline and worker', async () => {
    const [health, aeTitles, pipelines, workers] = await Promise.all(
      ['/health', '/ae-titles', '/pipelines', '/workers'].map((path) => api.call('GET', path)),
    );

    expect(health).toMatchObject({ status: 200, json: { status: 'ready', version: '1.2.3' } });
    expect(aeTitles?.json).toEqual({
      items: [
        {
          aeTitle: 'GANTRY',
          processor: 'ae-title',
          settings: {},
          groupBy: 'Patient',
          timeout: 5,
          maxWait: 3600,
          priority: 'normal',
          pipelines: { default: 'default' },
          late: 'new',
          lateWindow: 86_400,
          accept: [],
          ignore: [],
          complete: [],
          onIncomplete: 'run',
          jobRetryDelay: 5000,
          acceptUnknownSopClasses: false,
          uidMismatch: 'refuse',
          unparsable: 'unrouted',
          duplicates: 'keepBoth',
          resends: 'acknowledge',
          retention: 30,
          notes: [],
        },
      ],
      next: null,
    });
    expect(pipelines?.json).toMatchObject({ items: [{ id: 'default', services: [] }] });
    expect(workers?.json).toMatchObject({ items: [{ name: 'default', slots: 2, maxRunners: 4 }] });
  });

  it('tells in its status the depth of every queue', async () => {
    const { json } = await api.call('GET', '/status');

    expect(json).toMatchObject({ openGroups: 0, runningSessions: 0, runners: [], problems: [] });
    expect((json as { queues: { name: string }[] }).queues.map(({ name }) => name)).toEqual([
      'stability-checks',
      'plan',
      'advance',
      'processors',
      'work-default-immediate',
      'work-default-higher',
      'work-default-normal',
      'work-default-lower',
    ]);
  });
});

describe('AE titles', () => {
  it('are merged by a second request, and gone after a removal', async () => {
    await api.call('PUT', '/ae-titles/CT1', { groupBy: 'Series', timeout: 60 });
    const changed = await api.call('PUT', '/ae-titles/CT1', { priority: 'HIGHER' });
    const shown = await api.call('GET', '/ae-titles/CT1');
    const removed = await api.call('DELETE', '/ae-titles/CT1');
    const gone = await api.call('GET', '/ae-titles/CT1');

    expect(changed.json).toMatchObject({ groupBy: 'Series', timeout: 60, priority: 'higher' });
    expect(shown.json).toEqual({ ...(changed.json as object), notes: [], ignored: [] });
    expect(removed.status).toBe(204);
    expect(gone).toMatchObject({ status: 404, json: { code: 'not-found' } });
  });

  it('are refused with every problem at once, and nothing is changed', async () => {
    const refused = await api.call('PUT', '/ae-titles/MR1', { timeout: -1, groupby: 'Study' });
    const shown = await api.call('GET', '/ae-titles/MR1');

    expect(refused).toMatchObject({
      status: 400,
      json: {
        code: 'invalid-configuration',
        status: 400,
        problems: [{ path: 'groupby' }, { path: 'timeout' }],
      },
    });
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(shown.status).toBe(404);
  });

  it('have names of at most 16 characters', async () => {
    const refused = await api.call('PUT', '/ae-titles/ABCDEFGHIJKLMNOPQ', {});

    expect(refused.json).toMatchObject({ problems: [{ path: 'aeTitle' }] });
  });
});

describe('pipelines and sources', () => {
  it('keep a rule until it is taken away, and refuse one with all its problems', async () => {
    const rule = '"CT" in instances.Modality';

    const made = await api.call('PUT', '/pipelines/ruled', { rule });
    const refused = await api.call('PUT', '/pipelines/ruled', {
      rule: '$cuont(instances.Modallity) > 1',
    });
    const kept = await api.call('PUT', '/pipelines/ruled', { name: 'Ruled' });
    const taken = await api.call('PUT', '/pipelines/ruled', { rule: null });

    expect(made).toMatchObject({ status: 200, json: { rule } });
    expect(refused).toMatchObject({
      status: 400,
      json: { problems: [{ path: 'rule' }, { path: 'rule' }] },
    });
    expect(kept).toMatchObject({ json: { name: 'Ruled', rule } });
    expect(taken).toMatchObject({ json: { name: 'Ruled', rule: null } });
  });

  it('keep a pipeline that an AE title names', async () => {
    const made = await api.call('PUT', '/pipelines/lung', { services: ['nodule'] });
    await api.call('PUT', '/ae-titles/CT2', { pipelines: { lung: 'lung' } });
    const refused = await api.call('DELETE', '/pipelines/lung');
    await api.call('PUT', '/ae-titles/CT2', { pipelines: { lung: null } });
    const removed = await api.call('DELETE', '/pipelines/lung');

    expect(made.json).toEqual({
      id: 'lung',
      name: 'lung',
      rule: null,
      services: ['nodule'],
      notes: ['the service "nodule" is not installed yet'],
    });
    expect(refused).toMatchObject({ status: 409, json: { code: 'in-use' } });
    expect(removed.status).toBe(204);
  });

  it('take addresses and blocks as hosts, and keep them when none are named', async () => {
    const hosts = ['10.1.0.0/16', '::1'];
    await api.call('PUT', '/sources/SCANNER', { hosts });
    const kept = await api.call('PUT', '/sources/SCANNER', {});
    const refused = await api.call('PUT', '/sources/SCANNER', { hosts: ['a', '1.2.3.4/99'] });

    expect(kept.json).toMatchObject({ aeTitle: 'SCANNER', hosts });
    expect((refused.json as { problems: unknown[] }).problems).toHaveLength(2);
  });

  it('keep what a source is bound to until null takes it away, and never show a passcode', async () => {
    const certificateFingerprints = ['AB:'.repeat(31) + 'AB'];
    const passcodeSha256 = '0'.repeat(64);
    await api.call('PUT', '/sources/BOUND', {
      port: 104,
      tls: true,
      maxAssociations: 2,
      certificateFingerprints,
      userIdentity: { username: 'scanner', passcodeSha256 },
    });

    const changed = await api.call('PUT', '/sources/BOUND', { maxAssociations: null });
    const refused = await api.call('PUT', '/sources/BOUND', { port: 0 });

    expect(changed.json).toEqual({
      aeTitle: 'BOUND',
      hosts: [],
      port: 104,
      tls: true,
      maxAssociations: null,
      certificateFingerprints,
      username: 'scanner',
    });
    expect(refused.status).toBe(400);
  });
});

describe('requests that are not understood', () => {
  it.each([
    ['GET', '/nothing', undefined, 404, 'not-found'],
    ['POST', '/ae-titles', {}, 405, 'method-not-allowed'],
    ['GET', '/groups?limit=0', undefined, 400, 'invalid-request'],
    ['GET', '/groups?colour=red', undefined, 400, 'invalid-request'],
    ['GET', '/groups?next=abc', undefined, 400, 'invalid-request'],
    ['PUT', '/pipelines/x', { services: 'all' }, 400, 'invalid-request'],
    ['GET', '/sessions/s1', undefined, 404, 'not-found'],
    ['GET', '/jobs/j1', undefined, 404, 'not-found'],
    ['GET', '/unrouted/u1', undefined, 404, 'not-found'],
  ])('answers %s %s with a problem', async (method, path, body, status, code) => {
    expect(await api.call(method, path, body)).toMatchObject({ status, json: { status, code } });
  });

  it('answers a body that is no JSON with a problem', async () => {
    const response = await fetch(`${api.url}/api/v1/ae-titles/CT1`, { method: 'PUT', body: '{' });

    expect(await response.json()).toMatchObject({ code: 'invalid-request' });
  });
});

describe('the OpenAPI document', () => {
  it('describes every route with schemas that it holds', async () => {
    const { json, text } = await api.call('GET', '/openapi.json');
    const document = json as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string }>>;
      components: { schemas: Record<string, unknown> };
    };

    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/api/v1/sessions/{id}');
    const operations = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(new Set(operations).size).toBe(operations.length);
    const named = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(20);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(named));
  });
});

describe('the status', () => {
  it('counts what was handed over to be deleted and is not done with', async () => {
    const reclaiming = async (): Promise<number> =>
      ((await api.call('GET', '/status')).json as { reclaiming: number }).reclaiming;
    const before = await reclaiming();
    const at = api.context.clock();

    const handOver = { id: 'handed', keyId: 'a'.repeat(20), aeTitle: 'CT1', instances: [] };
    await api.context.reclaims.putHandOver({
      ...handOver,
      handedOver: { reason: 'person', by: 'CT1', at },
      ...{ dueAt: at, attempts: 0 },
    });
    const waiting = await reclaiming();
    await api.context.reclaims.removeHandOver(handOver);

    expect(waiting).toBe(before + 1);
    expect(await reclaiming()).toBe(before);
  });

  it.each([
    ['expires soon', 9.5, 0, ['expires in 9 days, at']],
    ['has expired', -1.5, 0, ['expired at']],
    ['is good for long', 90, 0, []],
    ['was last told of by a listener that is gone', 9.5, 2, []],
  ])('tells of a certificate that %s', async (_what, days, hoursAgo, expected) => {
    const now = api.context.clock();
    await api.context.table.put(tableKeys.listenerCertificate, {
      expiresAt: Math.round(now + days * 86_400_000),
      reportedAt: now - hoursAgo * 3_600_000,
    });

    const { problems } = (await api.call('GET', '/status')).json as { problems: string[] };

    const told = problems.filter((problem) => problem.includes('certificate'));
    expect(told).toHaveLength(expected.length);
    expect(told.every((text, index) => text.includes(expected[index] ?? ''))).toBe(true);
  });

  it.each([
    ['closed', {}, 'port is closed, for it has no usable certificate: the secret is empty'],
    [
      'shown the old certificate',
      { expiresAt: 90 * 86_400_000 },
      'renewed certificate of the listener’s TLS port is not in use: the secret is empty',
    ],
  ])('tells of a TLS port that is %s, and why', async (_what, item, expected) => {
    const now = api.context.clock();
    const { expiresAt } = item as { expiresAt?: number };
    await api.context.table.put(tableKeys.listenerCertificate, {
      ...(expiresAt === undefined ? {} : { expiresAt: now + expiresAt }),
      ...{ problem: 'the secret is empty', reportedAt: now },
    });

    const { problems } = (await api.call('GET', '/status')).json as { problems: string[] };

    const told = problems.filter((problem) => problem.includes('certificate'));
    expect(told).toEqual([expect.stringContaining(expected.replace('’', "'"))]);
  });
});
