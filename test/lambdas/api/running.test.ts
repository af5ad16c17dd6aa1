/** What the API tells about sessions and jobs, over a real table and bucket. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableGroups } from '../../../aws/groups.ts';
import { tableSessions } from '../../../aws/sessions.ts';
import { Session, type Job, type Page } from '../../../core/contracts/api.ts';
import {
  UnroutedItem,
  type EdgeItem,
  type JobItem,
  type SessionItem,
} from '../../../core/contracts/items.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';
import { aGroup, anInstance } from '../../support/groups.ts';
import { aLine, aNode, aSession } from '../../support/sessions.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(() => api.stop());

const groups = () => tableGroups(api.context.table, api.context.objects);

const page = async <T>(path: string): Promise<Page<T>> =>
  (await api.call('GET', path)).json as Page<T>;

/** A running session with these nodes. */
const planned = async (nodes: (session: string) => JobItem[]): Promise<Session> => {
  const session = aSession({ createdAt: 1_700_000_000_123 });
  const store = tableSessions(api.context.table);
  await store.createSession(session);
  await store.storePlan(session, nodes(session.id), [], 1_700_000_000_456);
  return Session.parse((await api.call('GET', `/sessions/${session.id}`)).json);
};

describe('unrouted instances', () => {
  it('are listed with their reason, and shown by the id of the listing', async () => {
    const instance = anInstance({ aeTitle: 'GANTRY', keyId: '' }, '7.7.7');
    const reason = 'the instance has no PatientID';
    await groups().putUnrouted(UnroutedItem.parse({ ...instance, reason }));

    const { items } = await page<{ id: string; reason: string }>('/unrouted');
    const shown = await api.call('GET', `/unrouted/${items[0]?.id ?? ''}`);
    const status = await api.call('GET', '/status');

    expect(items).toMatchObject([
      { sopInstanceUid: '7.7.7', reason: 'the instance has no PatientID' },
    ]);
    expect(shown.json).toEqual(items[0]);
    expect(status.json).toMatchObject({ unrouted: 1 });
  });
});

describe('sessions', () => {
  it('show their jobs as objects, skipped ones included, and never a barrier', async () => {
    const session = await planned((id) => [
      aNode(id, 0, { kind: 'pre-services', name: 'pre-services' }),
      aNode(id, 1, {
        name: 'segment',
        event: 'stable-series',
        object: { level: 'series', uid: '1.2.3.1' },
      }),
      aNode(id, 2, { kind: 'barrier', name: 'barrier' }),
      aNode(id, 3, {
        name: 'measure',
        state: 'SKIPPED',
        reason: 'its registry callback said no',
        dependsOn: ['n00001'],
        event: 'stable-series',
        object: { level: 'series', uid: '1.2.3.1' },
      }),
      aNode(id, 4, { kind: 'post-services', name: 'post-services' }),
    ]);

    expect(session).toMatchObject({
      state: 'RUNNING',
      pipeline: 'default',
      priority: 'normal',
      startedAt: '2023-11-14T22:13:20.456Z',
      endedAt: null,
    });
    expect(session.jobs.map(({ name }) => name)).toEqual([
      'pre-services',
      'segment',
      'measure',
      'post-services',
    ]);
    expect(session.jobs[0]).toMatchObject({ service: null, event: null, object: null });
    expect(session.jobs[2]).toMatchObject({
      id: `${session.id}-n00003`,
      sessionId: session.id,
      state: 'SKIPPED',
      reason: 'its registry callback said no',
      dependsOn: [`${session.id}-n00001`],
      attempts: 0,
      result: null,
      error: null,
    });
  });

  it('are found by study and by state, with the ids of their jobs', async () => {
    const session = await planned((id) => [aNode(id, 0), aNode(id, 1, { kind: 'barrier' })]);
    const [study = ''] = session.studies;

    const found = await page<{ id: string }>(`/sessions?study=${study}`);
    const running = await page<{ id: string }>(`/sessions?study=${study}&state=RUNNING`);
    const failed = await page<{ id: string }>(`/sessions?study=${study}&state=FAILED`);
    const all = await page<{ id: string }>('/sessions?state=RUNNING');

    expect(found.items).toMatchObject([{ id: session.id, jobs: [`${session.id}-n00000`] }]);
    expect(running.items).toEqual(found.items);
    expect(failed.items).toEqual([]);
    expect(all.items.map(({ id }) => id)).toContain(session.id);
  });
});

describe('jobs', () => {
  const ended = async (facts: Partial<JobItem>): Promise<Job> => {
    const session = await planned((id) => [aNode(id, 0, { state: 'SUCCEEDED', ...facts })]);
    const [job] = session.jobs;
    if (job === undefined) throw new Error('the session has no job');
    return job;
  };
  const getResult = (job: Job) => api.call('GET', `/jobs/${job.id}/result`);

  it('give back what the callback returned, from the item or from the bucket', async () => {
    const small = await ended({ resultJson: '{"volume":1.5}' });
    const large = await ended({ resultInBucket: true, attempt: 2 });
    await api.context.objects.putJson(objectKeys.jobResult(large.sessionId, 'n00000', 1), [0]);
    await api.context.objects.putJson(objectKeys.jobResult(large.sessionId, 'n00000', 2), [1, 2]);

    expect(small.result).toEqual({ volume: 1.5 });
    expect(large).toMatchObject({ result: null, resultElsewhere: true });
    expect((await getResult(small)).json).toEqual({ volume: 1.5 });
    expect((await getResult(large)).json).toEqual([1, 2]);
  });

  it('that failed show their error, and have no result', async () => {
    const error = { type: 'ValueError', message: 'no', traceback: 'Traceback…' };
    const job = await ended({ state: 'FAILED', error, reason: 'ValueError: no' });

    const result = await getResult(job);

    expect(job.error).toEqual(error);
    expect(result).toMatchObject({ status: 409, json: { code: 'no-result' } });
    expect(result.text).toContain('the job is FAILED: ValueError: no');
  });

  it('have a log that is read on from where it ended, never splitting a character', async () => {
    const job = await ended({ state: 'RUNNING', attempt: 2 });
    const key = objectKeys.jobLog(job.sessionId, 'n00000', 2);
    const text = 'é'.repeat(400_000);
    const put = (body: string) =>
      api.context.objects.put(key, Buffer.from(body), {
        length: Buffer.byteLength(body),
        contentType: 'text/plain',
      });
    const read = (offset: number) => api.call('GET', `/jobs/${job.id}/logs?offset=${offset}`);

    const before = await read(0);
    await put(text);
    const first = await read(1);
    const start = await read(0);
    const rest = await read(Number(start.headers.get('gantry-next-offset')));

    expect(before).toMatchObject({ status: 200, text: '' });
    expect(before.headers.get('gantry-log-complete')).toBe('false');
    expect(first.status).toBe(200);
    expect(start.text + rest.text).toBe(text);
    expect(rest.headers.get('gantry-log-complete')).toBe('false');
  });

  it('that are barriers are not shown', async () => {
    const session = await planned((id) => [aNode(id, 0, { kind: 'barrier' })]);

    expect(await api.call('GET', `/jobs/${session.id}-n00000`)).toMatchObject({ status: 404 });
  });
});

describe('decisions', () => {
  it('of a day are listed, the latest first', async () => {
    for (const [id, time] of [
      ['a', '2026-01-02T03:04:05.000Z'],
      ['b', '2026-01-02T03:04:06.000Z'],
      ['c', '2026-01-03T00:00:00.000Z'],
    ] as const) {
      await api.context.table.put(tableKeys.decision(Date.parse(time), id), {
        id,
        at: Date.parse(time),
        code: 'association-rejected',
        message: 'not known here',
      });
    }

    const { items } = await page('/decisions?day=2026-01-02');

    expect(items).toMatchObject([
      { id: 'b', at: '2026-01-02T03:04:06.000Z', sessionId: null },
      { id: 'a', code: 'association-rejected' },
    ]);
  });
});

describe('cancelling and retrying', () => {
  const withGraph = async (jobs: JobItem[], edges: EdgeItem[], session: SessionItem) => {
    const plan = { jobs, edges, objects: [], runnable: 1, missingServices: [] };
    await api.context.objects.putJson(objectKeys.sessionPlan(session.id), plan);
    const store = tableSessions(api.context.table);
    await store.createSession(session);
    await store.storePlan(session, jobs, edges, 1_700_000_000_456);
    return store;
  };

  it('cancels a running session once it is asked, and says when there is nothing to cancel', async () => {
    const session = aSession({ createdAt: 1_700_000_000_123 });
    const store = await withGraph([aNode(session.id, 0)], [], session);

    expect(await api.call('POST', `/sessions/${session.id}/cancel`)).toMatchObject({
      status: 200,
      json: { id: session.id, state: 'RUNNING' },
    });
    expect((await store.getSession(session.id))?.cancelledAt).toBeGreaterThan(0);

    await store.finishSession(session.id, { state: 'SUCCEEDED', endedAt: 1_700_000_001_000 });
    expect(await api.call('POST', `/sessions/${session.id}/cancel`)).toMatchObject({
      status: 409,
      json: { code: 'not-cancellable' },
    });
    expect((await api.call('POST', '/sessions/s00000000000000000000/cancel')).status).toBe(404);
  });

  it('cancels a job that has not ended, and no other', async () => {
    const session = aSession({ createdAt: 1_700_000_000_123 });
    const line = aLine(session.id, 1);
    await withGraph(line.jobs, line.edges, session);

    expect(await api.call('POST', `/jobs/${session.id}-n00001/cancel`)).toMatchObject({
      status: 200,
      json: { state: 'CANCELLED' },
    });
    expect(await api.call('POST', `/jobs/${session.id}-n00000/cancel`)).toMatchObject({
      status: 409,
      json: {
        code: 'not-cancellable',
        problems: [{ remedy: expect.stringContaining(session.id) as string }],
      },
    });
  });

  it('tries a failed job of an ended session again under the next run', async () => {
    const group = aGroup({ keyValues: ['retried'], state: 'RELEASED' });
    await groups().open(group);
    const session = aSession({ createdAt: 1_700_000_000_123, groupId: group.id });
    const line = aLine(session.id, 2);
    const states = ['SUCCEEDED', 'FAILED', 'SKIPPED', 'SUCCEEDED'] as const;
    const jobs = line.jobs.map((job, index) => ({ ...job, state: states[index]!, waiting: 0 }));
    const store = await withGraph(jobs, line.edges, session);
    const retry = (path: string, body?: unknown) => api.call('POST', path, body);
    expect(await retry(`/jobs/${session.id}-n00001/retry`)).toMatchObject({
      status: 409,
      json: { code: 'not-retryable', detail: 'the session is RUNNING' },
    });
    await store.finishSession(session.id, { state: 'FAILED', endedAt: 1_700_000_001_000 });
    expect(await retry(`/jobs/${session.id}-n00001/retry`)).toMatchObject({
      status: 409,
      json: { problems: [{ remedy: expect.stringContaining('--all') as string }] },
    });
    await api.context.sessionData.keepUntil(session.id, 1_800_000_000_000);
    expect(await retry(`/jobs/${session.id}-n00002/retry`)).toMatchObject({
      status: 409,
      json: { problems: [{ message: expect.stringContaining('was skipped') as string }] },
    });
    expect((await retry(`/sessions/${session.id}/retry`, { some: true })).status).toBe(400);

    expect(await retry(`/jobs/${session.id}-n00001/retry`)).toMatchObject({
      status: 200,
      json: { state: 'WAITING', endedAt: null },
    });

    expect(api.executions.inputs.get(`${session.id}-r2`)).toEqual({
      sessionId: session.id,
      run: 2,
    });
    const shown = Session.parse((await api.call('GET', `/sessions/${session.id}`)).json);
    expect(shown.state).toBe('RUNNING');
    expect(shown.jobs.map(({ state }) => state)).toEqual([
      'WAITING',
      'WAITING',
      'WAITING',
      'WAITING',
    ]);
    const decisions = await page<{ code: string }>(`/decisions?session=${session.id}`);
    expect(decisions.items.map(({ code }) => code)).toContain('session-retried');
    // The reclaimer knows before the session begins anew.
    expect(await api.context.reclaims.uses(group.keyId)).toMatchObject([{ sessionId: session.id }]);
    expect(await api.context.reclaims.fence(group.keyId)).toBeGreaterThan(0);
  });
});
