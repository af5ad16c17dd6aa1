/** The shape of the graph: what waits for what, and with how many edges. */
import { describe, expect, it } from 'vitest';
import type { EdgeItem, JobItem } from '../../../core/contracts/items.ts';
import { aJob, aManifest, aPlan, aSeries, aService, START } from './factories.ts';

const seriesOf = (study: string, count: number) =>
  Array.from({ length: count }, (_, index) =>
    aSeries({ studyInstanceUid: study, seriesInstanceUid: `${study}.${String(index + 1)}` }),
  );

const S = aJob('S');
const T = aJob('T', { events: ['stable-study'] });
const P = aJob('P', { events: ['stable-patient'] });

/** Edges as `name(object) → name(object)`, sorted. */
const arrows = ({ jobs, edges }: { jobs: readonly JobItem[]; edges: readonly EdgeItem[] }) => {
  const label = (node: string) => {
    const job = jobs.find(({ nodeId }) => nodeId === node);
    return job?.object === undefined ? (job?.name ?? node) : `${job.name}(${job.object.uid})`;
  };
  return edges.map(({ from, to }) => `${label(from)} → ${label(to)}`).sort();
};

describe('the graph of a session', () => {
  it('runs pre-services, series, study and patient jobs, then post-services', async () => {
    const plan = await aPlan({
      manifest: aManifest({ series: [...seriesOf('1.1', 2), ...seriesOf('1.2', 2)] }),
      services: [aService('one', [S, T, P])],
    });

    expect(arrows(plan)).toEqual(
      [
        'pre-services → S(1.1.1)',
        'pre-services → S(1.1.2)',
        'pre-services → S(1.2.1)',
        'pre-services → S(1.2.2)',
        'S(1.1.1) → T(1.1)',
        'S(1.1.2) → T(1.1)',
        'S(1.2.1) → T(1.2)',
        'S(1.2.2) → T(1.2)',
        'T(1.1) → P(P1)',
        'T(1.2) → P(P1)',
        'P(P1) → post-services',
      ].sort(),
    );
  });

  it('passes through a level without jobs, each study for itself', async () => {
    const plan = await aPlan(
      {
        manifest: aManifest({ series: [...seriesOf('1.1', 1), ...seriesOf('1.2', 1)] }),
        services: [aService('one', [S, T, P])],
      },
      // Of the three services' jobs, the study job of the first study and the series job of the second say no.
      (() => {
        let studies = 0;
        let series = 0;
        return (name) =>
          name === 'T' ? (studies += 1) > 1 : name === 'S' ? (series += 1) < 2 : true;
      })(),
    );

    expect(arrows(plan)).toEqual(
      [
        'pre-services → S(1.1.1)',
        'pre-services → T(1.2)',
        'S(1.1.1) → P(P1)',
        'T(1.2) → P(P1)',
        'P(P1) → post-services',
      ].sort(),
    );
  });

  it('ends with what there is when the patient level has no jobs', async () => {
    const plan = await aPlan({
      manifest: aManifest({ groupBy: ['StudyInstanceUID'] }),
      services: [aService('one', [S, P])],
    });

    expect(arrows(plan)).toEqual(['S(1.1.1) → post-services', 'pre-services → S(1.1.1)']);
    expect(plan.jobs.map(({ name }) => name)).toEqual(['pre-services', 'S', 'post-services']);
  });

  it('joins 200 series with five study jobs by a barrier', async () => {
    const studyJobs = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      aJob(name, { events: ['stable-study'] }),
    );

    const { jobs, edges } = await aPlan({
      manifest: aManifest({ series: seriesOf('1.1', 200) }),
      services: [aService('one', [S, ...studyJobs])],
    });

    expect(jobs.filter(({ kind }) => kind === 'barrier')).toMatchObject([
      { name: 'barrier', waiting: 200, state: 'WAITING' },
    ]);
    expect(edges).toHaveLength(200 + 200 + 5 + 5);
  });

  it('lets a level wait for every job below, those included that others depend on', async () => {
    const plan = await aPlan({
      services: [aService('one', [S, aJob('S2', { dependsOn: ['S'] }), T])],
    });

    expect(arrows(plan)).toContain('S(1.1.1) → T(1.1)');
    expect(arrows(plan)).toContain('S2(1.1.1) → T(1.1)');
  });

  it('tells each job all that running it takes', async () => {
    const { jobs } = await aPlan({
      services: [
        aService('one', [aJob('S', { worker: 'gpu', timeoutSeconds: 90, workerEntry: 'go' })]),
      ],
      workers: new Map([['gpu', undefined]]),
      retryDelaySeconds: 5,
      session: { id: 's0123456789abcdef0123', priority: 'higher' },
    });

    expect(jobs[1]).toEqual({
      id: 's0123456789abcdef0123-n00001',
      sessionId: 's0123456789abcdef0123',
      nodeId: 'n00001',
      kind: 'job',
      name: 'S',
      state: 'WAITING',
      waiting: 1,
      dependsOn: [],
      priority: 'higher',
      service: 'one',
      serviceHash: 'hash-of-one',
      worker: 'gpu',
      workerEntry: 'go',
      event: 'stable-series',
      object: { level: 'series', uid: '1.1.1' },
      objectId: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
      timeoutSeconds: 90,
      run: 0,
      attempt: 0,
      lostAttempts: 0,
    });
  });
});

describe('a session of which nothing will run', () => {
  it('has the skipped jobs and nothing else', async () => {
    const plan = await aPlan({ services: [aService('one', [S, T])] }, () => false);

    expect(plan).toMatchObject({
      runnable: 0,
      edges: [],
      objects: [],
      emptyBecause: 'Every job was skipped; each has its reason.',
    });
    expect(plan.jobs.map(({ name, state, endedAt }) => [name, state, endedAt])).toEqual([
      ['S', 'SKIPPED', START],
      ['T', 'SKIPPED', START],
    ]);
  });

  it('says that no service is installed', async () => {
    expect(await aPlan({})).toMatchObject({
      jobs: [],
      emptyBecause: 'No service of the pipeline is installed.',
    });
  });

  it('says that no job is for an event that fired', async () => {
    const plan = await aPlan({
      manifest: aManifest({ groupBy: ['SeriesInstanceUID'] }),
      services: [aService('one', [T])],
    });

    expect(plan).toMatchObject({
      jobs: [],
      emptyBecause: "No job of the pipeline's services is for an event that fired: stable-series.",
    });
  });
});
