/** The rules by which jobs are chosen, ordered, asked and joined for one object: a test for each. */
import { describe, expect, it } from 'vitest';
import { candidatesOf, servicesOfPipeline } from '../../../core/planning/candidates.ts';
import { planSession } from '../../../core/planning/plan.ts';
import {
  aJob,
  aManifest,
  aPlan,
  aRegistry,
  aService,
  running,
  SESSION,
  skipped,
} from './factories.ts';

const offered = (...parameters: Parameters<typeof candidatesOf>) =>
  candidatesOf(...parameters).offered.map(({ service, definition }) => [
    service.name,
    definition.jobName,
  ]);

describe('candidates', () => {
  it('are the jobs of the event, by order of installation and then of the array', () => {
    const first = aService('first', [aJob('z'), aJob('a')]);
    const second = aService('second', [aJob('b', { events: ['stable-study'] }), aJob('c')]);

    expect(offered([second, first], 'stable-series')).toEqual([
      ['first', 'z'],
      ['first', 'a'],
      ['second', 'c'],
    ]);
  });

  it('are sorted by sortPosition, and equal ones stay in order', () => {
    const services = [
      aService('first', [aJob('late', { sortPosition: 2 }), aJob('a')]),
      aService('second', [
        aJob('b'),
        aJob('early', { sortPosition: -1 }),
        aJob('half', { sortPosition: 0.5 }),
      ]),
    ];

    expect(offered(services, 'stable-series').map(([, name]) => name)).toEqual([
      'early',
      'half',
      'a',
      'b',
      'late',
    ]);
  });

  it('have names of their own: the first wins, before sorting, and the other is skipped with the reason', () => {
    const services = [
      aService('first', [aJob('same', { sortPosition: 9 })]),
      aService('second', [aJob('same', { sortPosition: 0 })]),
    ];

    const { left } = candidatesOf(services, 'stable-series');

    expect(offered(services, 'stable-series')).toEqual([['first', 'same']]);
    expect(left.map(({ candidate, reason }) => [candidate.service.name, reason])).toEqual([
      [
        'second',
        'The service "first" has a job of the same name for stable-series, and came first.',
      ],
    ]);
  });

  it('of two events may have the same name', () => {
    const service = aService('one', [aJob('same'), aJob('same', { events: ['stable-study'] })]);

    expect(offered([service], 'stable-study')).toEqual([['one', 'same']]);
    expect(candidatesOf([service], 'stable-study').left).toEqual([]);
  });

  it('do not include a disabled job, which does not reserve its name', () => {
    const services = [
      aService('first', [aJob('same', { disabled: true })]),
      aService('second', [aJob('same')]),
    ];

    expect(offered(services, 'stable-series')).toEqual([['second', 'same']]);
    expect(candidatesOf(services, 'stable-series').left).toMatchObject([
      { reason: 'The job is disabled.' },
    ]);
  });

  it('do not include the jobs of a disabled service', () => {
    const service = aService('off', [aJob('a')], { disabled: true });

    expect(candidatesOf([service], 'stable-series')).toMatchObject({
      offered: [],
      left: [{ reason: 'The service "off" is disabled.' }],
    });
  });

  it.each(['jobName', 'registryEntry', 'workerEntry'])('have a %s', (field) => {
    const service = aService('one', [aJob('a', { [field]: '' })]);

    expect(candidatesOf([service], 'stable-series')).toMatchObject({
      offered: [],
      left: [{ reason: `The job has no ${field}.` }],
    });
  });
});

describe('the services of a pipeline', () => {
  const installed = [aService('b', []), aService('a', [])];
  const namesOf = (services: readonly { name: string }[]) => services.map(({ name }) => name);

  it('are all installed ones when it names none, in order of installation', () => {
    const { services, missing } = servicesOfPipeline([...installed].reverse(), { services: [] });

    expect([namesOf(services), missing]).toEqual([['b', 'a'], []]);
  });

  it('are those that it names, and it is told which of them are not installed', () => {
    const { services, missing } = servicesOfPipeline(installed, { services: ['gone', 'a'] });

    expect([namesOf(services), missing]).toEqual([['a'], ['gone']]);
  });
});

describe('registry callbacks', () => {
  it('are asked in the order of sortPosition, once for all objects of the level', async () => {
    const { ask, asked } = aRegistry();
    const services = [aService('one', [aJob('b', { sortPosition: 2 }), aJob('a')])];

    await planSession(
      {
        session: SESSION,
        manifest: aManifest(),
        services,
        workers: new Map(),
        retryDelaySeconds: 5,
        now: 0,
      },
      ask,
    );

    expect(asked.map(({ jobName }) => jobName)).toEqual(['a', 'b']);
  });

  it('are asked in one call as long as no other service’s callback comes in between', async () => {
    const { ask, asked, calls } = aRegistry((name) => ({ from: name }));
    const services = [
      aService('one', [aJob('a'), aJob('b'), aJob('d', { sortPosition: 3 })]),
      aService('two', [aJob('c', { sortPosition: 2 }), aJob('e', { sortPosition: 4 })]),
      aService('three', [aJob('f', { sortPosition: 4 }), aJob('g', { sortPosition: 5 })]),
    ];

    await planSession(
      {
        session: SESSION,
        manifest: aManifest(),
        services,
        workers: new Map(),
        retryDelaySeconds: 5,
        now: 0,
      },
      ask,
    );

    expect(calls).toEqual([['a', 'b'], ['c'], ['d'], ['e'], ['f', 'g']]);
    expect(asked.map(({ objects: [object] }) => Object.keys(object!.addedParams).join(''))).toEqual(
      ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef'],
    );
  });

  it('see what the jobs that passed before them added, and those that said no did not', async () => {
    const { ask, asked } = aRegistry((name) => (name === 'no' ? false : { from: name }));
    const services = [aService('one', [aJob('a'), aJob('no'), aJob('b')])];

    const { objects } = await planSession(
      {
        session: SESSION,
        manifest: aManifest(),
        services,
        workers: new Map(),
        retryDelaySeconds: 5,
        now: 0,
      },
      ask,
    );

    expect(asked.map(({ objects: [object] }) => object?.addedParams)).toEqual([
      {},
      { a: { from: 'a' } },
      { a: { from: 'a' } },
    ]);
    expect(objects).toMatchObject([{ addedParams: { a: { from: 'a' }, b: { from: 'b' } } }]);
  });

  it('do not see what was added for another level', async () => {
    const { ask, asked } = aRegistry(() => ({ added: 1 }));
    const services = [aService('one', [aJob('a'), aJob('b', { events: ['stable-study'] })])];

    await planSession(
      {
        session: SESSION,
        manifest: aManifest(),
        services,
        workers: new Map(),
        retryDelaySeconds: 5,
        now: 0,
      },
      ask,
    );

    expect(asked.map(({ objects: [object] }) => object?.addedParams)).toEqual([{}, {}]);
  });

  it('that said no skip the job with that reason', async () => {
    const { jobs } = await aPlan(
      { services: [aService('one', [aJob('a'), aJob('b')])] },
      (name) => name === 'a',
    );

    expect(running(jobs)).toEqual(['a']);
    expect(skipped(jobs)).toEqual({ b: 'The registry callback said no for this object.' });
  });

  it('that broke skip the job with the error, and mark it as broken', async () => {
    const { jobs } = await aPlan(
      { services: [aService('one', [aJob('a')])] },
      () => new TypeError('oh'),
    );

    expect(jobs).toMatchObject([
      {
        state: 'SKIPPED',
        broken: true,
        reason: 'The registry callback broke: TypeError: oh',
        error: { type: 'TypeError', message: 'oh', traceback: 'Traceback …' },
      },
    ]);
  });

  it('that gave no answer broke', async () => {
    const { jobs } = await planSession(
      {
        session: SESSION,
        manifest: aManifest(),
        services: [aService('one', [aJob('a')])],
        workers: new Map(),
        retryDelaySeconds: 5,
        now: 0,
      },
      () => Promise.resolve([]),
    );

    expect(jobs).toMatchObject([{ state: 'SKIPPED', broken: true, error: { type: 'NoAnswer' } }]);
  });
});

describe('dependsOn', () => {
  it('orders jobs across services, whatever their sortPosition', async () => {
    const services = [
      aService('first', [aJob('report', { dependsOn: ['measure'], sortPosition: 0 })]),
      aService('second', [aJob('measure', { sortPosition: 5 })]),
    ];

    const { jobs, edges } = await aPlan({ services });

    expect(running(jobs)).toEqual(['measure', 'report']);
    const [, measure, report] = jobs;
    expect(report?.dependsOn).toEqual([measure?.nodeId]);
    expect(edges).toContainEqual({
      sessionId: SESSION.id,
      from: measure?.nodeId,
      to: report?.nodeId,
      kind: 'requires',
    });
  });

  it('lets what a job without its dependency added stay with the object', async () => {
    const services = [aService('one', [aJob('a'), aJob('b', { dependsOn: ['gone'] })])];

    const { objects } = await aPlan({ services }, (name) => ({ from: name }));

    expect(objects).toMatchObject([
      { params: { a: {} }, addedParams: { a: { from: 'a' }, b: { from: 'b' } } },
    ]);
    expect(objects[0]?.params).not.toHaveProperty('b');
  });

  it('on a name that is given twice makes one edge', async () => {
    const services = [aService('one', [aJob('a'), aJob('b', { dependsOn: ['a', 'a'] })])];

    const { jobs, edges } = await aPlan({ services });

    expect(jobs.find(({ name }) => name === 'b')?.waiting).toBe(1);
    expect(edges.filter(({ kind }) => kind === 'requires')).toHaveLength(1);
  });

  it('on a job whose errors are to be passed over asks only that it has ended', async () => {
    const services = [
      aService('one', [aJob('a', { onError: 'continue' }), aJob('b', { dependsOn: ['a'] })]),
    ];

    const { edges } = await aPlan({ services });

    expect(edges.map(({ from, to, kind }) => [from, to, kind])).toContainEqual([
      'n00001',
      'n00002',
      'after',
    ]);
  });

  it.each([
    ['itself', ['x'], 'It depends on itself.'],
    ['nothing that can be called', [''], 'It depends on "", which no job can be called.'],
    [
      'a name that nobody has',
      ['nobody'],
      'It depends on "nobody", which no service of the pipeline has.',
    ],
    [
      'a job that said no',
      ['no'],
      'It depends on "no", whose registry callback said no for this object.',
    ],
    ['a job that broke', ['bad'], 'It depends on "bad", whose registry callback broke.'],
    ['a disabled job', ['off'], 'It depends on "off", which will not run: The job is disabled.'],
    [
      'a job of another event',
      ['study'],
      'It depends on "study", which is a job of stable-study; dependsOn holds within one event.',
    ],
    [
      'one that it gets and one that it does not',
      ['ok', 'no'],
      'It depends on "no", whose registry callback said no for this object.',
    ],
    [
      'a circle that it is not in',
      ['c1'],
      'It depends on "c1", which cannot start either: "x" → "c1" → "c2" → "c1".',
    ],
    [
      'a job without its dependency',
      ['lost'],
      'It depends on "lost", which cannot start either: "x" → "lost" → "gone".',
    ],
  ])('on %s keeps the job from running, and says why', async (_what, dependsOn, reason) => {
    const service = aService('one', [
      aJob('ok'),
      aJob('no'),
      aJob('bad'),
      aJob('off', { disabled: true }),
      aJob('study', { events: ['stable-study'] }),
      aJob('c1', { dependsOn: ['c2'] }),
      aJob('c2', { dependsOn: ['c1'] }),
      aJob('lost', { dependsOn: ['gone'] }),
      aJob('x', { dependsOn }),
    ]);

    const { jobs } = await aPlan({ services: [service] }, (name) =>
      name === 'bad' ? new Error('broken') : name !== 'no',
    );

    expect(skipped(jobs)['x']).toBe(reason);
    expect(jobs.find(({ name }) => name === 'x')).not.toHaveProperty('broken');
  });

  it('in a circle names the circle on each of its jobs', async () => {
    const services = [
      aService('one', [
        aJob('a', { dependsOn: ['b'] }),
        aJob('b', { dependsOn: ['c'] }),
        aJob('c', { dependsOn: ['a'] }),
      ]),
    ];

    const { jobs, runnable } = await aPlan({ services });

    expect(runnable).toBe(0);
    expect(skipped(jobs)).toEqual({
      a: 'It is in a circle of dependsOn: "a" → "b" → "c" → "a".',
      b: 'It is in a circle of dependsOn: "b" → "c" → "a" → "b".',
      c: 'It is in a circle of dependsOn: "c" → "a" → "b" → "c".',
    });
  });
});

describe('the worker of a job', () => {
  it.each([
    ['gpu', 'gpu'],
    ['not-installed', 'default'],
    [null, 'default'],
  ])('named %s is %s', async (worker, expected) => {
    const services = [aService('one', [aJob('a', { worker })])];

    const { jobs } = await aPlan({
      services,
      workers: new Map([
        ['default', undefined],
        ['gpu', undefined],
      ]),
    });

    expect(jobs.find(({ name }) => name === 'a')?.worker).toBe(expected);
  });
});
