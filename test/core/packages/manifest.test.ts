/** What a `dcm-processor.json` may say, and what every refusal says. */
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../core/packages/manifest.ts';

const aJob = (fields: Record<string, unknown> = {}) => ({
  jobName: 'segment',
  workerEntry: 'worker',
  registryEntry: 'callback',
  events: ['stable-series'],
  ...fields,
});

const aManifest = (jobs: unknown[] = [aJob()], service: Record<string, unknown> = {}) => ({
  name: 'lung',
  version: '1.2.0',
  service: { module: 'module', registry: 'registry', jobs, ...service },
});

const accepted = (manifest: unknown) => {
  const reading = readManifest(JSON.stringify(manifest));
  if (!reading.ok) throw new Error(`refused: ${JSON.stringify(reading.problems)}`);
  return reading;
};

const problems = (manifest: unknown): string[] => {
  const reading = readManifest(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  if (reading.ok) throw new Error('accepted');
  return reading.problems.map(({ path, message }) => `${path ?? ''}: ${message}`);
};

const firstJob = (fields: Record<string, unknown>) =>
  accepted(aManifest([aJob(fields)])).manifest.jobs[0];

describe('readManifest', () => {
  it('gives every field of a job its default', () => {
    expect(firstJob({})).toEqual({
      jobName: 'segment',
      workerEntry: 'worker',
      registryEntry: 'callback',
      events: ['stable-series'],
      dependsOn: [],
      sortPosition: 1,
      worker: null,
      timeoutSeconds: 3600,
      params: {},
      disabled: false,
      onError: 'fail',
      description: '',
    });
  });

  it('ignores fields that it does not know', () => {
    const manifest = { ...aManifest([aJob({ color: 'blue' })]), tags: ['x'], apps: [] };

    expect(accepted(manifest).manifest.name).toBe('lung');
  });

  it.each([
    ['stable-study', ['stable-study']],
    ['stable-series,stable-patient', ['stable-series', 'stable-patient']],
    [
      ['stable-study', 'stable-study', 'stable-series'],
      ['stable-study', 'stable-series'],
    ],
  ])('reads the events %j', (events, expected) => {
    expect(firstJob({ events })?.events).toEqual(expected);
  });

  it.each([
    ['measure', ['measure']],
    [
      ['a', 'b', 'a'],
      ['a', 'b'],
    ],
    [null, []],
    [[], []],
  ])('reads dependsOn %j', (dependsOn, expected) => {
    expect(firstJob({ dependsOn })?.dependsOn).toEqual(expected);
  });

  it('takes folders written with ./ and a trailing slash, and a version written as a number', () => {
    const { manifest } = accepted({
      ...aManifest([aJob()], { module: './src/module/', registry: 'registry' }),
      version: 2,
    });

    expect(manifest).toMatchObject({ module: 'src/module', version: '2' });
  });

  it.each([
    ['a job without a name', [aJob({ jobName: undefined })], /jobs\[0\]\.jobName: is missing/],
    ['a job name with a dot', [aJob({ jobName: 'a.b' })], /must not contain a dot/],
    ['a job name with a slash', [aJob({ jobName: 'a/b' })], /must not contain a dot, a slash/],
    [
      'a dotted entry',
      [aJob({ workerEntry: 'main.worker' })],
      /workerEntry must be a plain Python name/,
    ],
    [
      'an entry that Python reserves',
      [aJob({ registryEntry: 'class' })],
      /reserved word of Python/,
    ],
    ['a misspelt event', [aJob({ events: ['stable-serie'] })], /did you mean "stable-series"/],
    ['events that are null', [aJob({ events: null })], /must be a list of events/],
    ['a text as sortPosition', [aJob({ sortPosition: '2' })], /sortPosition must be a number/],
    ['a list as params', [aJob({ params: [1] })], /params must be an object/],
    ['a bad timeout', [aJob({ timeout: 'soon' })], /timeout is not a duration: "soon"/],
    ['a timeout above 11 hours', [aJob({ timeout: '12h' })], /no job may run longer than 11h/],
    ['a job that is no object', ['segment'], /jobs\[0\]: must be an object/],
  ])('refuses %s', (_, jobs, expected) => {
    expect(problems(aManifest(jobs)).join('\n')).toMatch(expected);
  });

  it('refuses a circle in dependsOn, naming its jobs and the event', () => {
    const jobs = [
      aJob({ jobName: 'a', dependsOn: ['c'] }),
      aJob({ jobName: 'b', dependsOn: 'a' }),
      aJob({ jobName: 'c', dependsOn: ['b'] }),
    ];

    expect(problems(aManifest(jobs))).toEqual([
      'service.jobs: dependsOn goes in a circle (stable-series): a → c → b → a',
    ]);
  });

  it('refuses a job that depends on itself', () => {
    expect(problems(aManifest([aJob({ dependsOn: ['segment'] })])).join()).toMatch(
      /segment → segment/,
    );
  });

  it('sees no circle between jobs of different events', () => {
    const jobs = [
      aJob({ jobName: 'a', dependsOn: ['b'], events: ['stable-series'] }),
      aJob({ jobName: 'b', dependsOn: ['a'], events: ['stable-study'] }),
    ];

    expect(accepted(aManifest(jobs)).notes).toEqual([
      expect.stringContaining('job a: depends on b, which runs at another event'),
      expect.stringContaining('job b: depends on a, which runs at another event'),
    ]);
  });

  it('tells all problems at once: fields, jobs and circles', () => {
    const told = problems({
      version: '1',
      service: {
        module: '../elsewhere',
        registry: 'registry',
        jobs: [
          aJob({ jobName: 'a', dependsOn: ['b'], timeout: -1 }),
          aJob({ jobName: 'b', dependsOn: ['a'], workerEntry: '1st' }),
        ],
      },
    });

    expect(told).toHaveLength(5);
    expect(told.join('\n')).toMatch(/^name: is missing/m);
    expect(told.join('\n')).toMatch(/^service\.module: must be a folder inside the package/m);
    expect(told.join('\n')).toMatch(/job a: timeout must be longer than 0/);
    expect(told.join('\n')).toMatch(/job b: workerEntry/);
    expect(told.join('\n')).toMatch(/a → b → a/);
  });

  it('says of a package with a worker only how to install it', () => {
    expect(problems({ name: 'w', version: '1', worker: { type: 'venv' } })).toEqual([
      'service: is missing: the package holds a worker and no service',
    ]);
  });

  it.each(['', '{', '[]', 'null', '"text"'])('refuses the text %j', (text) => {
    expect(problems(text).length).toBeGreaterThan(0);
  });

  it('notes what will never run, without refusing the package', () => {
    const { notes } = accepted(
      aManifest([
        aJob({ jobName: 'a', events: [] }),
        aJob({ jobName: 'b' }),
        aJob({ jobName: 'b' }),
        aJob({ jobName: 'c', dependsOn: '' }),
      ]),
    );

    expect(notes.join('\n')).toMatch(/job a: names no event/);
    expect(notes.join('\n')).toMatch(/job b: stands twice/);
    expect(notes.join('\n')).toMatch(/job c: dependsOn "" can never be met/);
  });
});
