/** What is different on purpose (docs/dcm-processor.md), each as a package and the session that is to come of it. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../../core/contracts/api.ts';
import { jobNamed, RunningGantry } from '../../support/gantry.ts';
import { aJob } from '../../support/packages.ts';
import { aPatient, aServiceFolder, sessionOf, type Patient } from './site.ts';

const gantry = new RunningGantry(inject('gantry'));

const REGISTRY = `
import os
import sys


def callback(**keywords):
    return True


def throws(**keywords):
    raise ValueError("no rule for this")


def exits(**keywords):
    sys.exit(3)


def dies(**keywords):
    os._exit(4)


def changes(headers, params, added_params, **keywords):
    headers["Metadata"]["Modality"] = params["limit"] = "changed"
    added_params["mine"] = {}
    return True, {"kept": 1}


def looks(headers, params, added_params, **keywords):
    return True, {"saw": [headers["Metadata"]["Modality"], params["limit"], "mine" in added_params]}


def shows(headers, **keywords):
    return True, {"headers": {key: headers[key] for key in headers if not key.endswith("edAt")}}
`;

const MODULE = `
import os
import time


def worker(job_name, **keywords):
    return job_name


def throws(**keywords):
    raise ValueError("no lung")


def dies(**keywords):
    os._exit(5)


def returns_a_set(**keywords):
    return {1, 2}


def hangs(**keywords):
    time.sleep(600)


def no_numbers(**keywords):
    return [float("nan"), float("inf"), 1.5]


def added(job_name, added_params, **keywords):
    return added_params[job_name]
`;

const study = { events: ['stable-study'] };
const JOBS = [
  aJob({ jobName: 'throws', workerEntry: 'throws' }),
  aJob({ jobName: 'after-throws', dependsOn: ['throws'] }),
  aJob({ jobName: 'after-after-throws', dependsOn: ['after-throws'] }),
  aJob({ jobName: 'throws-on', workerEntry: 'throws', onError: 'continue' }),
  aJob({ jobName: 'after-throws-on', dependsOn: ['throws-on'] }),
  aJob({ jobName: 'dies', workerEntry: 'dies' }),
  aJob({ jobName: 'a set', workerEntry: 'returns_a_set' }),
  aJob({ jobName: 'nowhere', workerEntry: 'nowhere' }),
  aJob({ jobName: 'hangs', workerEntry: 'hangs', timeout: '1s' }),
  aJob({ jobName: 'no-numbers', workerEntry: 'no_numbers' }),
  ...['throws', 'exits', 'dies', 'nowhere'].map((entry) =>
    aJob({ jobName: `asked ${entry}`, registryEntry: entry }),
  ),
  aJob({ jobName: 'after-asked', dependsOn: ['asked exits'] }),
  aJob({
    jobName: 'changes',
    registryEntry: 'changes',
    workerEntry: 'added',
    params: { limit: 1 },
  }),
  aJob({ jobName: 'looks', registryEntry: 'looks', workerEntry: 'added', params: { limit: 1 } }),
  aJob({ jobName: 'study-shows', registryEntry: 'shows', workerEntry: 'added', ...study }),
  aJob({
    ...{ jobName: 'patient-shows', registryEntry: 'shows', workerEntry: 'added' },
    events: ['stable-patient'],
  }),
];

let patient: Patient;
let session: Session;
let series: string;

beforeAll(async () => {
  const folder = aServiceFolder({
    ...{ name: 'differences', jobs: JOBS, registry: REGISTRY, module: MODULE },
  });
  await gantry.done('service', 'install', folder, '--force');
  await gantry.aeTitle('DIFFERENCES', ['differences'], '--group-by', 'PatientID');
  patient = await aPatient();
  const [first] = patient.studies;
  series = first?.series[0] ?? '';
  session = await sessionOf(gantry, 'DIFFERENCES', {
    files: patient.files,
    studyInstanceUid: first?.studyInstanceUid ?? '',
  });
});

const ofSeries = (name: string) => jobNamed(session, name, series);

describe('a worker callback that fails', () => {
  it.each([
    ['throws', 'FAILED', 'ValueError'],
    ['dies', 'FAILED', expect.any(String)],
    ['a set', 'FAILED', 'TypeError'],
    ['nowhere', 'FAILED', 'AttributeError'],
    ['hangs', 'TIMED_OUT', expect.any(String)],
  ])('fails its job, and says how: %s', (name, state, type: unknown) => {
    expect(ofSeries(name)).toMatchObject({ state, error: { type } });
  });

  it('keeps what depends on it from running, with the reason', () => {
    for (const name of ['after-throws', 'after-after-throws']) {
      expect(ofSeries(name)).toMatchObject({
        state: 'SKIPPED',
        reason: expect.stringContaining('throws') as string,
      });
    }
  });

  it('has what depends on it run, if its job says so, as in the original', () => {
    expect(ofSeries('throws-on').state).toBe('FAILED');
    expect(ofSeries('after-throws-on')).toMatchObject({
      ...{ state: 'SUCCEEDED', result: 'after-throws-on' },
    });
  });

  it('keeps neither the levels above nor post-services from running', () => {
    expect(session.state).toBe('FAILED');
    for (const { studyInstanceUid } of patient.studies) {
      expect(jobNamed(session, 'study-shows', studyInstanceUid).state).toBe('SUCCEEDED');
    }
    expect(jobNamed(session, 'post-services').state).toBe('SUCCEEDED');
  });
});

it('a result with numbers that are none has null in their place', () => {
  expect(ofSeries('no-numbers')).toMatchObject({ state: 'SUCCEEDED', result: [null, null, 1.5] });
});

describe('a registry callback that breaks', () => {
  it.each([
    ['asked throws', 'ValueError', 'no rule for this'],
    ['asked exits', 'SystemExit', 'sys.exit(3)'],
    ['asked dies', 'ProcessEnded', 'status 4'],
    ['asked nowhere', 'AttributeError', 'nowhere'],
  ])('is a recorded no, because: %s', (name, type, message) => {
    expect(ofSeries(name)).toMatchObject({
      ...{ state: 'SKIPPED', error: { type } },
      reason: expect.stringContaining(message) as string,
    });
  });

  it('keeps what depends on its job from running, and nothing else', () => {
    expect(ofSeries('after-asked')).toMatchObject({
      state: 'SKIPPED',
      reason: expect.stringContaining('whose registry callback broke') as string,
    });
    expect(ofSeries('looks').state).toBe('SUCCEEDED');
  });
});

it('what a registry callback changes in its dictionaries is seen by nobody else', () => {
  expect(ofSeries('changes').result).toEqual({ kept: 1 });
  expect(ofSeries('looks').result).toEqual({ saw: ['CT', 1, false] });
});

describe('§3 the headers', () => {
  interface Shown {
    readonly headers: Record<string, unknown> & { readonly Metadata: Record<string, unknown> };
  }

  it('of a study list its series by their _id, and have the modalities in it', () => {
    const [first] = patient.studies;
    const { headers } = jobNamed(session, 'study-shows', first?.studyInstanceUid).result as Shown;

    expect(Object.keys(headers).sort()).toEqual(
      ['_id', 'PatientUID', 'StudyInstanceUID', 'PeerUID', 'Series', 'Metadata'].sort(),
    );
    expect(headers).toMatchObject({
      StudyInstanceUID: first?.studyInstanceUid,
      Series: first?.series.map(() => expect.stringMatching(/^[0-9a-f]{24}$/) as string),
      Metadata: {
        ...{ PatientID: patient.patientId, StudyDate: '20260102', ModalitiesInStudy: ['CT'] },
        ReferringPhysicianName: 'Roe^Richard',
      },
    });
    expect(headers.Metadata).not.toHaveProperty('SeriesNumber');
  });

  it('of a patient list the studies by their _id, and have the modalities in them', () => {
    const { headers } = jobNamed(session, 'patient-shows').result as Shown;

    expect(Object.keys(headers).sort()).toEqual(
      ['_id', 'PatientUID', 'PeerUID', 'Studies', 'Metadata'].sort(),
    );
    expect(headers).toMatchObject({
      Studies: patient.studies.map(() => expect.stringMatching(/^[0-9a-f]{24}$/) as string),
      Metadata: { PatientID: patient.patientId, PatientAge: 18, ModalitiesInPatient: ['CT'] },
    });
    expect(headers.Metadata).not.toHaveProperty('StudyDate');
  });
});
