/** What every SessionStore promises: run over the stored sessions and over those in memory. */
import { describe, expect, it } from 'vitest';
import type { FailedTry, JobItem, SessionItem } from '../../core/contracts/items.ts';
import { nodeId } from '../../core/contracts/keys.ts';
import type { SessionStore } from '../../core/running/session-store.ts';
import { aLine, aNode, anEdge, aSession, counted } from './sessions.ts';

const NOW = 2_000_000;
const machines = { sessionMachine: '4', jobMachine: '5' };

export const sessionStoreContract = (name: string, open: () => SessionStore): void => {
  const running = async (
    jobs = 1,
    facts: Partial<SessionItem> = {},
  ): Promise<{ store: SessionStore; session: SessionItem }> => {
    const store = open();
    const session = aSession(facts);
    await store.createSession(session);
    const line = aLine(session.id, jobs);
    await store.storePlan(session, line.jobs, line.edges, NOW);
    return { store, session };
  };
  /** A session with one job, which is QUEUED at run 1. */
  const queued = async () => {
    const { store, session } = await running();
    const [edge] = await store.getEdgesFrom(session.id, nodeId(0));
    await store.releaseEdge(edge!);
    await store.queueJob(session.id, nodeId(1), NOW);
    const job = (): Promise<JobItem | undefined> => store.getJob(session.id, nodeId(1));
    const lease = (run: number, runner: string) =>
      store.leaseJob(session.id, nodeId(1), run, runner, NOW);
    return { store, session, id: session.id, job, lease };
  };

  describe(`${name}: sessions`, () => {
    it('creates a session once and leaves the first as it is', async () => {
      const store = open();
      const session = aSession();

      expect(await store.createSession(session)).toBe(true);
      expect(await store.createSession({ ...session, aeTitle: 'OTHER' })).toBe(false);
      expect(await store.getSession(session.id)).toEqual(session);
      expect(await store.getSession('s00000000000000000000')).toBeUndefined();
    });

    it('finds a session by each of its studies, however many there are', async () => {
      const store = open();
      const studies = Array.from({ length: 130 }, (_, index) => `1.9.${index}`);
      const [one, two] = [aSession({ studies }), aSession({ studies: ['1.9.7'] })];

      await store.createSession(one);
      await store.createSession(two);

      expect(await store.listSessionsOfStudy('1.9.129')).toEqual([one.id]);
      expect(await store.listSessionsOfStudy('1.9.7')).toEqual([one.id, two.id].sort());
      expect(await store.listSessionsOfStudy('1.9.999')).toEqual([]);
    });

    it('lists sessions by the state that they are in, the last created first', async () => {
      const { store, session } = await running();
      const later = aSession();
      await store.createSession(later);
      const ids = async (state: SessionItem['state']) =>
        (await store.listSessions(state)).map(({ id }) => id);

      expect((await ids('PLANNING'))[0]).toBe(later.id);
      expect(await ids('PLANNING')).not.toContain(session.id);
      expect(await ids('RUNNING')).toContain(session.id);

      await store.finishSession(session.id, { state: 'SUCCEEDED', endedAt: NOW });

      expect(await ids('RUNNING')).not.toContain(session.id);
      expect((await store.listSessions('SUCCEEDED', 1)).map(({ id }) => id)).toEqual([session.id]);
    });

    it('keeps a token of the current run only, and forgets it at a restart', async () => {
      const { store, session } = await running();

      expect(await store.setToken(session.id, 1, 'first')).toBe(true);
      expect((await store.getSession(session.id))?.token).toBe('first');
      expect(await store.restartSession(session.id, 1)).toBe(true);
      expect(await store.restartSession(session.id, 1)).toBe(false);
      expect(await store.setToken(session.id, 1, 'late')).toBe(false);

      const restarted = await store.getSession(session.id);
      expect(restarted?.run).toBe(2);
      expect(restarted).not.toHaveProperty('token');
    });

    it('ends a session once', async () => {
      const { store, session } = await running(1, { reason: 'planned' });

      const failed = { state: 'FAILED', reason: 'why', endedAt: NOW } as const;
      expect(await store.finishSession(session.id, failed)).toBe(true);
      expect(await store.finishSession(session.id, { state: 'SUCCEEDED', endedAt: 1 })).toBe(false);
      expect(await store.restartSession(session.id, 1)).toBe(false);
      expect(await store.setToken(session.id, 1, 'late')).toBe(false);
      expect(await store.getSession(session.id)).toMatchObject({ ...failed, startedAt: NOW });
    });
  });

  describe(`${name}: cancelling and retrying`, () => {
    const cancelled = { reason: 'It was cancelled.', epoch: undefined };

    it('notes once when a person wanted a session to end, while it has not', async () => {
      const { store, session } = await running();

      expect(await store.requestCancel(session.id, NOW + 1)).toBe(true);
      expect(await store.requestCancel(session.id, NOW + 2)).toBe(true);
      expect((await store.getSession(session.id))?.cancelledAt).toBe(NOW + 1);

      await store.finishSession(session.id, { state: 'CANCELLED', endedAt: NOW });
      expect(await store.requestCancel(session.id, NOW + 3)).toBe(false);
      expect(await store.requestCancel('s00000000000000000000', NOW)).toBe(false);
    });

    it('forgets the versions that a session began with, once, and nothing else of it', async () => {
      const store = open();
      const session = aSession();
      const versions = { ...{ plan: '1', advance: '2', tasks: '3' }, ...machines };
      await store.createSession({ ...session, versions });

      expect(await store.getSession(session.id)).toEqual({ ...session, versions });
      expect(await store.forgetVersions(session.id)).toBe(true);
      expect(await store.forgetVersions(session.id)).toBe(false);
      expect(await store.getSession(session.id)).toEqual(session);
      expect(await store.forgetVersions('s00000000000000000000')).toBe(false);
    });

    it('ends a session only at the run that is named', async () => {
      const { store, session } = await running();

      const outcome = { state: 'SUCCEEDED', endedAt: NOW } as const;
      expect(await store.finishSession(session.id, { ...outcome, run: 2 })).toBe(false);
      expect(await store.finishSession(session.id, { ...outcome, run: 1 })).toBe(true);
    });

    it('cancels a job wherever it stands, once, and takes no result of it any more', async () => {
      const { store, id, lease, job } = await queued();
      await lease(1, 'a');

      expect(await store.cancelJob(id, nodeId(1), cancelled, NOW + 1)).toMatchObject({
        state: 'CANCELLED',
        reason: 'It was cancelled.',
        endedAt: NOW + 1,
      });
      expect(await store.cancelJob(id, nodeId(1), cancelled, NOW + 2)).toBeUndefined();
      expect(await store.cancelJob(id, nodeId(0), cancelled, NOW)).toBeUndefined();
      expect(await store.finishJob(id, nodeId(1), 1, { state: 'SUCCEEDED' }, NOW)).toBe(false);
      expect((await job())?.endedAt).toBe(NOW + 1);
    });

    it('resets nodes of an ended session for its next run, and leaves the others', async () => {
      const { store, session, id, lease, job } = await queued();
      await store.requestCancel(id, NOW);
      await lease(1, 'a');
      await store.cancelJob(id, nodeId(1), cancelled, NOW);
      const reset = (jobs: readonly JobItem[], epoch: number) => ({
        state: 'RUNNING' as const,
        jobs: jobs
          .filter((each) => each.nodeId === nodeId(1))
          .map((each) => ({
            ...each,
            state: 'WAITING' as const,
            waiting: 1,
            epoch,
            voidAttempts: 1,
          })),
        edges: [{ ...anEdge(id, 0, 1), epoch }],
      });
      expect(await store.retrySession(id, 1, reset)).toBe(false);
      await store.finishSession(id, { state: 'CANCELLED', reason: 'why', endedAt: NOW });
      expect(await store.retrySession(id, 2, reset)).toBe(false);

      expect(await store.retrySession(id, 1, reset)).toBe(true);
      expect(await store.retrySession(id, 1, reset)).toBe(false);

      const after = await store.getSession(id);
      expect(after).toMatchObject({ state: 'RUNNING', run: 2, epoch: 1 });
      for (const gone of ['endedAt', 'reason', 'cancelledAt', 'token']) {
        expect(after).not.toHaveProperty(gone);
      }
      expect((await store.listSessions('RUNNING')).map((each) => each.id)).toContain(session.id);
      expect(await store.getEdges(id)).toEqual([{ ...anEdge(id, 0, 1), epoch: 1 }]);
      expect((await store.getJob(id, nodeId(0)))?.epoch).toBeUndefined();
      expect(await job()).toMatchObject({ state: 'WAITING', epoch: 1, run: 1, attempt: 1 });
    });

    it('fences off whoever still works on what was before a retry', async () => {
      const { store, id, lease, job } = await queued();
      await lease(1, 'a');
      await store.cancelJob(id, nodeId(1), cancelled, NOW);
      await store.finishSession(id, { state: 'CANCELLED', endedAt: NOW });
      await store.retrySession(id, 1, (jobs, epoch) => ({
        state: 'RUNNING',
        jobs: jobs.map((each) => ({
          ...each,
          state: 'WAITING',
          waiting: each.nodeId === nodeId(1) ? 1 : 0,
          epoch,
          voidAttempts: each.attempt,
        })),
        edges: [{ ...anEdge(id, 0, 1), epoch }],
      }));

      const old = { reason: 'old', stopped: false, epoch: undefined };
      expect(await store.releaseEdge(anEdge(id, 0, 1))).toBe(false);
      expect(await store.skipJob(id, nodeId(1), old, NOW)).toBe(false);
      expect(await store.cancelJob(id, nodeId(1), cancelled, NOW)).toBeUndefined();
      const ended = { state: 'SUCCEEDED' } as const;
      expect(await store.finishPlatformNode(id, nodeId(0), undefined, ended, NOW)).toBe(false);

      expect(await store.releaseEdge({ ...anEdge(id, 0, 1), epoch: 1 })).toBe(true);
      expect(await store.queueJob(id, nodeId(1), NOW)).toMatchObject({ run: 2, attempt: 1 });
      expect(await store.finishJob(id, nodeId(1), 1, ended, NOW)).toBe(false);
      expect(await lease(2, 'b')).toMatchObject({ outcome: 'leased', job: { attempt: 2 } });
      expect(await store.finishJob(id, nodeId(1), 2, ended, NOW)).toBe(true);
      expect((await job())?.state).toBe('SUCCEEDED');
    });

    it('retries a session for one of two who ask at the same time', async () => {
      const { store, session } = await running(250);
      await store.finishSession(session.id, { state: 'FAILED', endedAt: NOW });

      const answers = await Promise.all(
        [1, 2].map(() =>
          store.retrySession(session.id, 1, (jobs, epoch) => ({
            state: 'RUNNING',
            jobs: jobs.map((job) => ({ ...job, epoch })),
            edges: [],
          })),
        ),
      );

      expect(answers.filter(Boolean)).toHaveLength(1);
      const { run, epoch } = (await store.getSession(session.id))!;
      expect(run).toBe(2);
      expect((await store.getJobs(session.id)).every((job) => job.epoch === epoch)).toBe(true);
    });
  });

  describe(`${name}: plans`, () => {
    it('stores a graph of several hundred nodes and then says that the session runs', async () => {
      const { store, session } = await running(300, { reason: 'why it is small' });
      const line = aLine(session.id, 300);

      expect(await store.getSession(session.id)).toMatchObject({
        state: 'RUNNING',
        startedAt: NOW,
        reason: 'why it is small',
      });
      expect(await store.getJobs(session.id)).toEqual(line.jobs);
      expect(await store.getEdges(session.id)).toHaveLength(line.edges.length);
      expect(await store.getEdges(session.id)).toEqual(expect.arrayContaining(line.edges));
      expect(await store.getEdgesFrom(session.id, nodeId(7))).toEqual([line.edges[7]]);
    });

    it('leaves a stored graph alone', async () => {
      const { store, session } = await running();
      const [edge] = await store.getEdges(session.id);
      await store.releaseEdge(edge!);
      const before = [await store.getJobs(session.id), await store.getEdges(session.id)];

      const again = aLine(session.id, 5);
      expect(await store.storePlan(session, again.jobs, again.edges, NOW + 1)).toBe(false);

      expect([await store.getJobs(session.id), await store.getEdges(session.id)]).toEqual(before);
      expect((await store.getSession(session.id))?.startedAt).toBe(NOW);
    });

    it.each([
      ['large', 150, 260],
      ['very large', 900, 1100],
      ['small', 3, 5],
      ['small and large', 3, 300],
    ])(
      'stores exactly one of two %s graphs that are stored at the same time',
      async (...of) => {
        const store = open();
        const session = aSession();
        await store.createSession(session);
        const graphs = [aLine(session.id, of[1]), aLine(session.id, of[2])];

        const stored = await Promise.all(
          graphs.map(({ jobs, edges }) => store.storePlan(session, jobs, edges, NOW)),
        );

        expect(stored.filter(Boolean)).toHaveLength(1);
        const winner = graphs[stored.indexOf(true)]!;
        expect(await store.getJobs(session.id)).toEqual(winner.jobs);
        expect(await store.getEdges(session.id)).toHaveLength(winner.edges.length);
        expect((await store.getSession(session.id))?.state).toBe('RUNNING');
      },
      30_000,
    );
  });

  describe(`${name}: edges`, () => {
    it('releases an edge once, whoever else tries at the same time', async () => {
      const { store, session } = await running(2);
      const [edge] = await store.getEdgesFrom(session.id, nodeId(1));

      const released = await Promise.all(Array.from({ length: 5 }, () => store.releaseEdge(edge!)));

      expect(released.filter(Boolean)).toHaveLength(1);
      expect((await store.getJob(session.id, nodeId(2)))?.waiting).toBe(0);
      expect(await store.getEdgesFrom(session.id, nodeId(1))).toEqual([]);
    });

    it('counts every edge into one node when all are released at once', async () => {
      const store = open();
      const session = aSession();
      await store.createSession(session);
      const sources = Array.from({ length: 40 }, (_, index) => aNode(session.id, index));
      const edges = sources.map((_, index) => anEdge(session.id, index, 40, 'after'));
      const jobs = counted([...sources, aNode(session.id, 40)], edges);
      await store.storePlan(session, jobs, edges, NOW);

      const released = await Promise.all(edges.map((edge) => store.releaseEdge(edge)));

      expect(released.every(Boolean)).toBe(true);
      expect((await store.getJob(session.id, nodeId(40)))?.waiting).toBe(0);
    });
  });

  describe(`${name}: jobs`, () => {
    it('queues a job only when it waits for nothing, and once', async () => {
      const { store, session } = await running();

      expect(await store.queueJob(session.id, nodeId(1), NOW)).toBeUndefined();
      await store.releaseEdge(anEdge(session.id, 0, 1));

      expect(await store.queueJob(session.id, nodeId(1), NOW)).toMatchObject({
        state: 'QUEUED',
        run: 1,
        queuedAt: NOW,
      });
      expect(await store.queueJob(session.id, nodeId(1), NOW)).toBeUndefined();
    });

    it('skips only a job that waits', async () => {
      const { store, id, job } = await queued();

      const why = { reason: 'why', stopped: false, epoch: undefined };
      expect(await store.skipJob(id, nodeId(1), why, NOW)).toBe(false);
      expect(await store.skipJob(id, nodeId(2), why, NOW)).toBe(true);
      expect(await store.skipJob(id, nodeId(2), { ...why, reason: 'other' }, NOW)).toBe(false);

      expect((await job())?.state).toBe('QUEUED');
      const skipped = await store.getJob(id, nodeId(2));
      expect(skipped).toMatchObject({ state: 'SKIPPED', reason: 'why', endedAt: NOW });
      expect(skipped).not.toHaveProperty('stopped');
    });

    it('says of a skipped job whether everything after it is stopped', async () => {
      const { store, id } = await queued();

      await store.skipJob(id, nodeId(2), { reason: 'why', stopped: true, epoch: undefined }, NOW);

      expect((await store.getJob(id, nodeId(2)))?.stopped).toBe(true);
    });

    it('leases a queued job under a new attempt and takes back why it waited', async () => {
      const { store, id, lease, job } = await queued();
      expect(await store.noteQueued(id, nodeId(1), 1, 'no capacity')).toBe(true);

      const answer = await lease(1, 'runner-a');

      expect(answer).toMatchObject({
        outcome: 'leased',
        job: { state: 'RUNNING', attempt: 1, lostAttempts: 0, runnerId: 'runner-a' },
      });
      expect(await job()).not.toHaveProperty('reason');
      expect(await store.noteQueued(id, nodeId(1), 1, 'late')).toBe(false);
    });

    it('calls a message of another run, of a waiting job and of no job stale', async () => {
      const { store, id, lease } = await queued();

      expect(await lease(2, 'a')).toEqual({ outcome: 'stale' });
      expect(await store.leaseJob(id, nodeId(2), 0, 'a', NOW)).toEqual({ outcome: 'stale' });
      expect(await store.leaseJob(id, nodeId(9), 1, 'a', NOW)).toEqual({ outcome: 'stale' });
    });

    it('gives each of several concurrent leases an attempt of its own', async () => {
      const { lease, job } = await queued();

      const answers = await Promise.all([lease(1, 'a'), lease(1, 'b'), lease(1, 'c')]);

      const attempts = answers.map((answer) => answer.outcome === 'leased' && answer.job.attempt);
      expect(attempts.sort()).toEqual([1, 2, 3]);
      expect((await job())?.lostAttempts).toBe(2);
    });

    it('fails a job whose runner is lost for the third time', async () => {
      const { lease, job } = await queued();
      await lease(1, 'a');
      await lease(1, 'b');
      await lease(1, 'c');

      const answer = await lease(1, 'd');

      expect(answer).toMatchObject({
        outcome: 'lost-too-often',
        job: { state: 'FAILED', lostAttempts: 3, attempt: 3, error: { type: 'RunnerLost' } },
      });
      expect((await job())?.reason).not.toBe('');
      expect((await lease(1, 'e')).outcome).toBe('terminal');
    });

    it('counts no lost attempt for a job that its runner handed back', async () => {
      const { store, id, lease, job } = await queued();
      await lease(1, 'a');

      expect(await store.handBackJob(id, nodeId(1), 2)).toBe(false);
      expect(await store.handBackJob(id, nodeId(1), 1)).toBe(true);
      expect(await store.handBackJob(id, nodeId(1), 1)).toBe(false);

      expect(await job()).toMatchObject({ state: 'QUEUED', run: 1 });
      expect(await lease(1, 'b')).toMatchObject({
        outcome: 'leased',
        job: { attempt: 2, lostAttempts: 0 },
      });
    });

    it('queues a job for its next try under the next run, once, and keeps why the try failed', async () => {
      const { store, id, lease, job } = await queued();
      await lease(1, 'a');
      const failed: FailedTry = {
        attempt: 1,
        state: 'FAILED',
        reason: 'ValueError: no',
        startedAt: NOW,
        endedAt: NOW + 5,
      };
      const next = { notBefore: NOW + 1005, reason: 'Try 1 of 2 failed.' };

      expect(await store.retryJob(id, nodeId(1), { ...failed, attempt: 2 }, next)).toBe(false);
      expect(await store.retryJob(id, nodeId(1), failed, next)).toBe(true);
      expect(await store.retryJob(id, nodeId(1), failed, next)).toBe(false);

      const waiting = { state: 'QUEUED', run: 2, failedTries: [failed], ...next } as const;
      expect(await job()).toMatchObject({ ...waiting, queuedAt: failed.endedAt });
      expect(await job()).not.toHaveProperty('startedAt');
      expect((await lease(1, 'b')).outcome).toBe('stale');
      expect(await lease(2, 'b')).toMatchObject({ job: { attempt: 2, lostAttempts: 0 } });
      expect(await job()).not.toHaveProperty('notBefore');
      await store.retryJob(id, nodeId(1), { ...failed, attempt: 2 }, next);
      expect((await job())?.failedTries).toEqual([failed, { ...failed, attempt: 2 }]);
    });

    it('writes the result of the attempt that holds the job, once', async () => {
      const { store, id, lease, job } = await queued();
      await lease(1, 'a');
      await lease(1, 'b');
      const done = { state: 'SUCCEEDED', resultJson: '{"volume":3}' } as const;
      const error = { type: 'ValueError', message: 'no', traceback: 'Traceback …' };

      expect(await store.finishJob(id, nodeId(1), 1, { state: 'FAILED', error }, NOW)).toBe(false);
      expect(await store.finishJob(id, nodeId(1), 2, done, NOW + 5)).toBe(true);
      expect(await store.finishJob(id, nodeId(1), 2, { state: 'FAILED', error }, NOW)).toBe(false);

      expect(await job()).toMatchObject({ ...done, endedAt: NOW + 5 });
      expect((await lease(1, 'c')).outcome).toBe('terminal');
    });

    it('takes the result of an attempt that outlived its run, unless another has begun', async () => {
      const { store, id, lease, job } = await queued();
      await lease(1, 'a');

      const requeued = await store.requeueJob(id, nodeId(1), 1, NOW + 9);

      expect(requeued).toMatchObject({ state: 'QUEUED', run: 2, attempt: 1, queuedAt: NOW + 9 });
      expect(requeued).not.toHaveProperty('runnerId');
      expect(await store.requeueJob(id, nodeId(1), 1, NOW)).toBeUndefined();
      expect(await lease(1, 'late')).toEqual({ outcome: 'stale' });
      expect(await store.finishJob(id, nodeId(1), 1, { state: 'SUCCEEDED' }, NOW)).toBe(true);
      expect((await job())?.state).toBe('SUCCEEDED');
      expect(await store.requeueJob(id, nodeId(1), 2, NOW)).toBeUndefined();
    });
  });

  describe(`${name}: the platform's own nodes`, () => {
    it('gives a ready one to one caller, and to another when that one must be dead', async () => {
      const { store, session } = await running();
      const begin = (at: number) => store.beginPlatformNode(session.id, nodeId(0), at, at - 60_000);

      expect(await begin(NOW)).toBe(true);
      expect(await begin(NOW + 60_000)).toBe(false);
      expect(await begin(NOW + 60_001)).toBe(true);
      expect((await store.getJob(session.id, nodeId(0)))?.startedAt).toBe(NOW + 60_001);
    });

    it('ends one once, and neither one that still waits nor a job of a service', async () => {
      const { store, id } = await queued();
      const end = (node: number, state: 'SUCCEEDED' | 'FAILED') =>
        store.finishPlatformNode(id, nodeId(node), undefined, { state }, NOW);

      expect(await end(2, 'SUCCEEDED')).toBe(false);
      expect(await end(1, 'SUCCEEDED')).toBe(false);
      expect(await end(0, 'SUCCEEDED')).toBe(true);
      expect(await end(0, 'FAILED')).toBe(false);
      expect((await store.getJob(id, nodeId(0)))?.state).toBe('SUCCEEDED');
    });
  });
};
