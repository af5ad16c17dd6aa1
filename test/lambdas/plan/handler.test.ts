/** The plan Lambda: what it stores, what it tells the session's execution, and what it leaves to a later try. */
import { describe, expect, it } from 'vitest';
import { SessionObject, SessionPlan } from '../../../core/contracts/items.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { makeHandler } from '../../../lambdas/plan/handler.ts';
import { aJob, aManifest, aSeries, aService } from '../../core/planning/factories.ts';
import { anAeTitle } from '../../support/ae-titles.ts';
import { aRecord, aRequest, aSession, aWorld, SESSION_ID } from './fakes.ts';

const DONE = { batchItemFailures: [] };
const planKey = objectKeys.sessionPlan(SESSION_ID);

describe('planning a session', () => {
  it('stores graph and objects, and answers the token with the number of jobs', async () => {
    const world = aWorld({
      services: [
        aService('one', [aJob('a', { params: { p: 1 } }), aJob('b', { dependsOn: ['a'] })]),
      ],
    });

    expect(await makeHandler(world.deps)(aRequest())).toEqual(DONE);

    expect(world.told).toEqual([{ token: 'token-1', output: { sessionId: SESSION_ID, jobs: 2 } }]);
    expect(world.stored[0]?.jobs.map(({ name }) => name)).toEqual([
      'pre-services',
      'a',
      'b',
      'post-services',
    ]);
    expect(world.stored[0]?.edges).toHaveLength(4);
    const objectId = world.stored[0]?.jobs[1]?.objectId ?? '';
    const object = world.bucket.get(objectKeys.sessionObject(SESSION_ID, objectId)) ?? '';
    expect(SessionObject.parse(JSON.parse(object))).toMatchObject({
      level: 'series',
      event: 'stable-series',
      headers: { _id: objectId, SeriesInstanceUID: '1.1.1' },
      params: { a: { p: 1 }, b: {} },
      addedParams: { a: {}, b: {} },
    });
  });

  it('asks one function call for all objects of a level', async () => {
    const series = ['1', '2', '3'].map((seriesInstanceUid) => aSeries({ seriesInstanceUid }));
    const world = aWorld({ manifest: aManifest({ series }) });

    await makeHandler(world.deps)(aRequest());

    expect(world.invoked).toMatchObject([
      { sessionId: SESSION_ID, jobName: 'a', registryEntry: 'callback', timeoutSeconds: 10 },
    ]);
    expect(world.invoked[0]?.objects).toHaveLength(3);
  });

  it.each([
    ['that of its AE title', anAeTitle({ jobRetryDelayMs: 250 }), 0.25],
    ['five seconds when the AE title is gone', undefined, 5],
  ])(
    'has a job that is tried again wait before its first retry: %s',
    async (_which, aeTitle, seconds) => {
      const world = aWorld({
        ...(aeTitle === undefined ? {} : { aeTitle }),
        services: [
          aService('one', [
            aJob('a', { retry: { attempts: 3 } }),
            aJob('b', { retry: { attempts: 2, backoffSeconds: 60 } }),
            aJob('c'),
          ]),
        ],
      });

      await makeHandler(world.deps)(aRequest());

      const jobs = world.stored[0]?.jobs.filter(({ kind }) => kind === 'job');
      expect(jobs?.map(({ retry }) => retry?.backoffSeconds)).toEqual([seconds, 60, undefined]);
    },
  );

  it('answers with no jobs when nothing applies, and keeps the reasons', async () => {
    const world = aWorld({
      invoke: ({ objects }) => ({
        answers: objects.map(({ objectId }) => ({ objectId, outcome: 'skip' })),
      }),
    });

    await makeHandler(world.deps)(aRequest());

    expect(world.told).toMatchObject([{ output: { jobs: 0 } }]);
    expect(world.stored).toMatchObject([
      {
        jobs: [{ name: 'a', state: 'SKIPPED' }],
        reason: 'Every job was skipped; each has its reason.',
      },
    ]);
  });

  it('offers the group to the services of its pipeline only, and says which of them are missing', async () => {
    const world = aWorld({
      session: aSession({ pipeline: 'lung' }),
      services: [aService('one', [aJob('a')]), aService('two', [aJob('b')])],
      pipelines: { lung: ['two', 'three'] },
    });

    await makeHandler(world.deps)(aRequest());

    expect(world.invoked.map(({ jobName }) => jobName)).toEqual(['b']);
    expect(world.stored[0]?.reason).toBe(
      'The pipeline names services that are not installed: "three".',
    );
  });

  it('never logs a patient or a UID', async () => {
    const manifest = aManifest({
      series: [
        aSeries({ patientId: 'SECRET', seriesInstanceUid: '9.8.7', studyInstanceUid: '9.8' }),
      ],
    });
    const world = aWorld({
      manifest,
      invoke: () => {
        throw new Error('about SECRET in 9.8.7');
      },
    });

    await makeHandler(world.deps)(aRequest());

    expect(world.logged).not.toEqual([]);
    expect(JSON.stringify(world.logged)).not.toMatch(/SECRET|9\.8/);
  });
});

describe('planning a session again', () => {
  it('answers the token only when the graph is stored already', async () => {
    const world = aWorld();
    const handler = makeHandler(world.deps);

    await handler(aRequest());
    await handler(aRequest());

    expect(world.stored).toHaveLength(1);
    expect(world.invoked).toHaveLength(1);
    expect(world.told).toEqual([world.told[0], world.told[0]]);
  });

  it('removes what a planner left that died, when its message comes again', async () => {
    const session = aSession({ state: 'RUNNING' });
    const world = aWorld({ session });

    await makeHandler(world.deps)(aRequest());

    expect(world.tidied).toEqual([session.id]);
  });

  it('stores the plan that was sealed before, and asks no callback a second time', async () => {
    const first = aWorld();
    await makeHandler(first.deps)(aRequest());
    const second = aWorld({ invoke: () => ({ answers: [] }) });
    second.bucket.set(planKey, first.bucket.get(planKey) ?? '');

    await makeHandler(second.deps)(aRequest());

    expect(second.invoked).toEqual([]);
    expect(second.stored).toEqual(first.stored);
    expect(second.told).toEqual(first.told);
  });

  it('stores the plan of whoever sealed first while this one was being made', async () => {
    const other = aWorld({ services: [aService('other', [aJob('theirs')])] });
    await makeHandler(other.deps)(aRequest());
    const world = aWorld({
      invoke: ({ objects }) => {
        world.bucket.set(planKey, other.bucket.get(planKey) ?? '');
        return { answers: objects.map(({ objectId }) => ({ objectId, outcome: 'skip' })) };
      },
    });

    await makeHandler(world.deps)(aRequest());

    expect(world.stored[0]?.jobs.map(({ name }) => name)).toContain('theirs');
    expect(world.told).toMatchObject([{ output: { jobs: 1 } }]);
  });

  it.each(['RUNNING', 'CANCELLED', 'FAILED'] as const)(
    'changes nothing of a session that is %s',
    async (state) => {
      const world = aWorld({ session: aSession({ state }) });

      await makeHandler(world.deps)(aRequest());

      expect(world.bucket.has(planKey)).toBe(false);
      expect(world.told).toMatchObject([{ output: { jobs: 0 } }]);
    },
  );

  it('comes back later when somebody else is storing the graph at this moment', async () => {
    const world = aWorld();
    const busy = {
      ...world.deps,
      sessions: { ...world.deps.sessions, storePlan: () => Promise.resolve(false) },
    };

    expect(await makeHandler(busy)(aRequest())).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
    expect(world.told).toEqual([]);
  });
});

describe('a session that cannot be planned', () => {
  it.each([
    ['there is no session', { session: undefined }, 'SessionMissing', /There is no session s0123/],
    ['there is no manifest', { manifest: undefined }, 'ManifestMissing', /has no manifest/],
    [
      'the pipeline is not there',
      { session: aSession({ pipeline: 'lung' }) },
      'PipelineMissing',
      /There is no pipeline "lung": create it with "gantry pipeline set lung"/,
    ],
  ])('fails its execution when %s', async (_what, facts, error, cause) => {
    const world = aWorld(facts);

    expect(await makeHandler(world.deps)(aRequest())).toEqual(DONE);

    expect(world.told).toEqual([
      { token: 'token-1', error, cause: expect.stringMatching(cause) as string },
    ]);
    expect(world.stored).toEqual([]);
  });

  it('fails its execution when the manifest cannot be read', async () => {
    const world = aWorld();
    world.bucket.set(objectKeys.groupManifest(aSession().groupId), '{"of":"another version"}');

    await makeHandler(world.deps)(aRequest());

    expect(world.told).toMatchObject([{ error: 'ManifestUnreadable' }]);
  });

  it('is not told when nobody waits for it any more', async () => {
    const world = aWorld({ tokenAlive: false });

    expect(await makeHandler(world.deps)(aRequest())).toEqual(DONE);
  });
});

describe('a batch of messages', () => {
  it('acknowledges what is no plan request, and goes on', async () => {
    const world = aWorld();
    const event = {
      Records: [aRecord('not JSON', 'm0'), aRecord('{"sessionId":1}', 'm1'), ...aRequest().Records],
    };

    expect(await makeHandler(world.deps)(event)).toEqual(DONE);
    expect(world.told).toHaveLength(1);
  });

  it('gives back only the message that may succeed later', async () => {
    const world = aWorld({
      invoke: () => {
        throw Object.assign(new Error('Rate exceeded'), { name: 'TooManyRequestsException' });
      },
    });
    const other = aRecord(JSON.stringify({ sessionId: 'gone', run: 1, token: 't2' }), 'm2');

    expect(await makeHandler(world.deps)({ Records: [...aRequest().Records, other] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
    expect(SessionPlan.safeParse(world.bucket.get(planKey)).success).toBe(false);
    expect(world.told).toMatchObject([{ token: 't2', error: 'SessionMissing' }]);
  });
});
