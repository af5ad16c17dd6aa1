/** Which jobs run for an object, in which order, and what their registry callbacks see of each other. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../../core/contracts/api.ts';
import { jobNamed, RunningGantry, time } from '../../support/gantry.ts';
import { aJob } from '../../support/packages.ts';
import { makeVolume } from '../../support/studies.ts';
import { aPatient, aServiceFolder, sessionOf, YES, type Patient } from './site.ts';

const gantry = new RunningGantry(inject('gantry'));

/** Each callback adds the names that it saw. */
const REGISTRY = `
def callback(job_name, added_params, **keywords):
    return True, {"saw": sorted(added_params)}


def no(**keywords):
    return False
`;
/** Workers return what their callback saw, and all that was added for the object. */
const MODULE = `
def worker(job_name, added_params, **keywords):
    return [added_params[job_name]["saw"], sorted(added_params)]
`;

const FIRST = [
  aJob({ jobName: 'late', sortPosition: 5, dependsOn: ['early'] }),
  aJob({ jobName: 'by-text', sortPosition: 6, dependsOn: 'early' }),
  aJob({ jobName: 'twice', sortPosition: 9 }),
  aJob({ jobName: 'off', sortPosition: 2, disabled: true }),
  aJob({ jobName: 'needs-higher', sortPosition: 3, dependsOn: ['last'] }),
  aJob({ jobName: 'round-a', sortPosition: 7, dependsOn: ['round-b'] }),
  aJob({ jobName: 'never', sortPosition: 7, dependsOn: '' }),
  aJob({ jobName: 'stranger', sortPosition: 7, dependsOn: ['nobody'] }),
  aJob({ jobName: 'refused', sortPosition: 7, registryEntry: 'no' }),
  aJob({ jobName: 'after-refused', sortPosition: 7, dependsOn: ['refused'] }),
  aJob({ jobName: 'default-position', sortPosition: undefined }),
  aJob({ jobName: 'free', sortPosition: 8, dependsOn: null }),
];
const SECOND = [
  aJob({ jobName: 'early', sortPosition: 0 }),
  aJob({ jobName: 'twice', sortPosition: 0 }),
  aJob({ jobName: 'off', sortPosition: 2 }),
  aJob({ jobName: 'round-b', sortPosition: 7, dependsOn: ['round-a'] }),
  aJob({ jobName: 'last', sortPosition: 20 }),
  aJob({ jobName: 'of-study', events: ['stable-study'], dependsOn: ['early'] }),
];

let session: Session;

beforeAll(async () => {
  for (const [name, jobs] of [
    ['rules-first', FIRST],
    ['rules-second', SECOND],
  ] as const) {
    const folder = aServiceFolder({ name, jobs, registry: REGISTRY, module: MODULE });
    await gantry.done('service', 'install', folder, '--force');
  }
  await gantry.aeTitle('RULES', ['rules-first', 'rules-second']);
  session = await sessionOf(gantry, 'RULES', await makeVolume(1));
});

/** What the callback of the job saw, and all that was added for the object. */
const seenBy = (name: string) => jobNamed(session, name).result as readonly [string[], string[]];
const ofService = (service: string, name: string) =>
  session.jobs.find((job) => job.service === service && job.name === name);

describe('§1.6 names', () => {
  it('are one for all services and an event: the first in order of installation wins, before sorting', () => {
    expect(ofService('rules-first', 'twice')?.state).toBe('SUCCEEDED');
    expect(ofService('rules-second', 'twice')).toMatchObject({
      state: 'SKIPPED',
      reason: expect.stringContaining('"rules-first" has a job of the same name') as string,
    });
  });

  it('are not reserved by disabled jobs', () => {
    expect(ofService('rules-first', 'off')).toMatchObject({
      state: 'SKIPPED',
      reason: 'The job is disabled.',
    });
    expect(ofService('rules-second', 'off')?.state).toBe('SUCCEEDED');
  });
});

describe('§1.6 sortPosition', () => {
  it('orders registry callbacks across services, stably, and is 1 where nothing is said', () => {
    expect(seenBy('early')[0]).toEqual([]);
    expect(seenBy('default-position')[0]).toEqual(['early']);
    expect(seenBy('late')[0]).toEqual(['default-position', 'early', 'needs-higher', 'off']);
  });

  it('does not decide when a job runs: one that depends on a later one runs after it, without its parameters', () => {
    const [job, last] = [jobNamed(session, 'needs-higher'), jobNamed(session, 'last')];

    expect(job.dependsOn).toEqual([last.id]);
    expect(time(job.startedAt)).toBeGreaterThanOrEqual(time(last.endedAt));
    expect(seenBy('needs-higher')[0]).toEqual(['default-position', 'early', 'off']);
  });

  it('leaves the whole of what was added to every worker', () => {
    const [, added] = seenBy('early');

    // Those that cannot start have passed: what they added stays.
    expect(added).toEqual([
      ...['after-refused', 'by-text', 'default-position', 'early', 'free', 'last', 'late'],
      ...['needs-higher', 'never', 'off', 'round-a', 'round-b', 'stranger', 'twice'],
    ]);
  });
});

describe('§1.6 dependsOn', () => {
  it('holds across services, as a list and as a text; null is none', () => {
    const early = jobNamed(session, 'early');

    for (const name of ['late', 'by-text']) {
      expect(jobNamed(session, name)).toMatchObject({ state: 'SUCCEEDED', dependsOn: [early.id] });
    }
    expect(jobNamed(session, 'free')).toMatchObject({ state: 'SUCCEEDED', dependsOn: [] });
  });

  it.each([
    ['never', 'no job can be called'],
    ['stranger', 'which no service of the pipeline has'],
    ['after-refused', 'whose registry callback said no'],
    ['round-a', 'in a circle'],
    ['round-b', 'in a circle'],
    ['of-study', 'holds within one event'],
  ])('that cannot be met skips %s, which says why', (name, reason) => {
    expect(jobNamed(session, name)).toMatchObject({
      state: 'SKIPPED',
      reason: expect.stringContaining(reason) as string,
    });
  });
});

describe('§6 the levels of a patient', () => {
  let patient: Patient;
  let levels: Session;

  beforeAll(async () => {
    const jobs = ['series', 'study', 'patient'].map((level) =>
      aJob({ jobName: `of-${level}`, events: [`stable-${level}`] }),
    );
    const folder = aServiceFolder({ name: 'rules-levels', jobs, registry: YES });
    await gantry.done('service', 'install', folder, '--force');
    await gantry.aeTitle('LEVELS', ['rules-levels'], '--group-by', 'PatientID');
    patient = await aPatient();
    const [first] = patient.studies;
    levels = await sessionOf(gantry, 'LEVELS', {
      files: patient.files,
      studyInstanceUid: first?.studyInstanceUid ?? '',
    });
  });

  const of = (name: string) => levels.jobs.filter((job) => job.name === name);
  const starts = (name: string) => of(name).map(({ startedAt }) => time(startedAt));
  const ends = (name: string) => of(name).map(({ endedAt }) => time(endedAt));

  it('each have a job for each of their objects', () => {
    expect(levels.state).toBe('SUCCEEDED');
    expect(
      of('of-series')
        .map(({ object }) => object?.uid)
        .sort(),
    ).toEqual(patient.studies.flatMap(({ series }) => series).sort());
    expect(
      of('of-study')
        .map(({ object }) => object?.uid)
        .sort(),
    ).toEqual(patient.studies.map(({ studyInstanceUid }) => studyInstanceUid).sort());
    expect(of('of-patient')).toMatchObject([{ object: { uid: patient.patientId } }]);
  });

  it('follow each other, from pre-services to post-services', () => {
    const [pre, post] = [ends('pre-services'), starts('post-services')];

    expect(Math.min(...starts('of-series'))).toBeGreaterThanOrEqual(Math.max(...pre));
    expect(Math.min(...starts('of-patient'))).toBeGreaterThanOrEqual(Math.max(...ends('of-study')));
    expect(Math.min(...post)).toBeGreaterThanOrEqual(Math.max(...ends('of-patient')));
    for (const study of patient.studies) {
      const below = of('of-series').filter(({ object }) =>
        study.series.includes(object?.uid ?? ''),
      );
      const job = jobNamed(levels, 'of-study', study.studyInstanceUid);
      const lastOfSeries = Math.max(...below.map(({ endedAt }) => time(endedAt)));

      expect(time(job.startedAt)).toBeGreaterThanOrEqual(lastOfSeries);
    }
  });
});
