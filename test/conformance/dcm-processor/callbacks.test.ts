/** What registry and worker callbacks are called with, and what they may count on around them. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createHash } from 'node:crypto';
import type { Session } from '../../../core/contracts/api.ts';
import { jobNamed, RunningGantry } from '../../support/gantry.ts';
import { aJob } from '../../support/packages.ts';
import { aPatient, aServiceFolder, sessionOf, type Patient } from './site.ts';

const gantry = new RunningGantry(inject('gantry'));

const REGISTRY = `
import datetime


def callback(*arguments, **keywords):
    headers = keywords["headers"]
    return True, {
        "arguments": len(arguments),
        "keywords": sorted(keywords),
        "params": {"nested": keywords["params"].get("site")},
        "times": [type(headers[key]).__name__ for key in ("CreatedAt", "UpdatedAt")],
        "created": headers["CreatedAt"],
        "since": type(keywords["params"].get("since")).__name__,
        "level": [key for key in ("Instances", "Series", "Studies") if key in headers],
    }


def returns(params, **keywords):
    return eval(params["form"])
`;

const MODULE = `
import os
import stat
import subprocess

import dcm_processor_service as sdk

from .inner.helper import helper

HERE = os.path.dirname(os.path.realpath(__file__))


def without_times(added):
    return {key: value for key, value in added.items() if key != "created"}


def look(**keywords):
    headers = keywords["headers"]
    return {
        "keywords": sorted(keywords),
        "headers": {**headers, **{key: headers[key].isoformat() for key in ("CreatedAt", "UpdatedAt")}},
        "zones": [headers[key].tzinfo is None for key in ("CreatedAt", "UpdatedAt")],
        "params": keywords["params"] | {"since": repr(keywords["params"].get("since"))},
        "added": without_times(keywords["added_params"]["look"]),
        "created": type(keywords["added_params"]["look"]["created"]).__name__,
        "event": keywords["event"],
        "types": {key: type(keywords[key]).__name__ for key in ("session_id", "job_id", "event")},
        "environment": {key: value for key, value in os.environ.items() if key.startswith("DCM-")},
        "module": [__name__, helper.__module__],
        "data": open(os.path.join(HERE, "data", "table.txt")).read(),
        "tool": subprocess.run([os.path.join(HERE, "tool.sh")], capture_output=True, text=True).stdout,
        "sdk": sorted(sdk.__all__),
    }


def added(job_name, added_params, **keywords):
    return without_times(added_params[job_name])


def leaves(headers, **keywords):
    import datetime
    sdk.set_session_data("numbers", {"of": headers["_id"], "day": datetime.date(2026, 1, 2)})
    with open("note.txt", "w") as file:
        file.write("a file")
    sdk.upload_session_file("note.txt", "note")


def finds(headers, **keywords):
    value = sdk.get_session_data("numbers", job_name="leaves")
    file = sdk.download_session_file("note", job_name="leaves")
    return [value["of"] == headers["_id"], value["day"].isoformat(), file.read().decode(),
            sdk.has_session_data("numbers"), sdk.get_session_data("none", 5, job_name="leaves")]


def images(headers, **keywords):
    return [len(sdk.get_series_dicom(str(headers["_id"]))), len(headers["Instances"])]
`;

const FORMS = {
  'bare-true': 'True',
  text: '"yes"',
  'one-dict': '{"not": "used"}',
  pair: '(True, {"threshold": 3})',
  triple: '[1, {"threshold": 3}, "ignored"]',
  'pair-without-dict': '(True, 5)',
  'bare-false': 'False',
  nothing: 'None',
  empty: '[]',
  'false-pair': '(False, {"threshold": 3})',
} as const;

const named = (form: string) => `returns-${form}`;

let patient: Patient;
let session: Session;

beforeAll(async () => {
  const jobs = [
    aJob({ jobName: 'look', workerEntry: 'look', params: { site: { limit: 1 }, kept: true } }),
    aJob({ jobName: 'leaves', workerEntry: 'leaves' }),
    aJob({ jobName: 'finds', workerEntry: 'finds', dependsOn: ['leaves'] }),
    aJob({ jobName: 'images', workerEntry: 'images' }),
    aJob({ jobName: 'study-look', workerEntry: 'added', events: ['stable-study'] }),
    aJob({ jobName: 'patient-look', workerEntry: 'added', events: ['stable-patient'] }),
    ...Object.entries(FORMS).map(([name, form]) =>
      aJob({
        jobName: named(name),
        registryEntry: 'returns',
        workerEntry: 'added',
        events: ['stable-patient'],
        params: { form },
      }),
    ),
  ];
  const folder = aServiceFolder({
    name: 'calls',
    jobs,
    registry: REGISTRY,
    module: MODULE,
    files: {
      'module/inner/__init__.py': '',
      'module/inner/helper.py': 'def helper():\n    pass\n',
      'module/data/table.txt': 'beside the code',
      'module/tool.sh': { text: '#!/bin/sh\necho of the package\n', mode: 0o755 },
    },
  });
  await gantry.done('service', 'install', folder, '--force');
  for (const [key, value, type] of [
    ['site.limit', '7', 'int'],
    ['site.deep.name', 'a "b"', 'str'],
    ['ratio', '0.5', 'float'],
    ['on', 'true', 'bool'],
    ['list', '[1, {"a": null}]', 'json'],
    ['since', '2026-05-31', 'date'],
  ] as const) {
    await gantry.done(
      ...['service', 'set', 'calls', '-j', 'look', '-k', key, '-v', value, '-t', type],
    );
  }
  await gantry.aeTitle('CALLS', ['calls'], '--group-by', 'PatientID');
  patient = await aPatient();
  const [first] = patient.studies;
  session = await sessionOf(gantry, 'CALLS', {
    files: patient.files,
    studyInstanceUid: first?.studyInstanceUid ?? '',
  });
});

const ofFirstSeries = (name: string) => jobNamed(session, name, patient.studies[0]?.series[0]);

interface Look {
  readonly headers: Record<string, unknown> & { readonly Metadata: Record<string, unknown> };
  readonly added: Record<string, unknown>;
  readonly environment: Record<string, string>;
  readonly [name: string]: unknown;
}
const look = () => {
  const job = ofFirstSeries('look');
  expect(job.error).toBeNull();
  return job.result as Look;
};

describe('§3 the registry callback', () => {
  it('gets five keywords and nothing else', () => {
    expect(look().added).toMatchObject({
      arguments: 0,
      keywords: ['added_params', 'headers', 'job_name', 'params', 'session_id'],
    });
  });

  it('gets times as datetimes, and tells the level by the list of what is below', () => {
    expect(look().added).toMatchObject({ times: ['datetime', 'datetime'], level: ['Instances'] });
    const [study] = patient.studies;
    expect(jobNamed(session, 'study-look', study?.studyInstanceUid).result).toMatchObject({
      level: ['Series'],
    });
    expect(jobNamed(session, 'patient-look').result).toMatchObject({ level: ['Studies'] });
  });

  it.each([
    ['bare-true', {}],
    ['text', {}],
    ['one-dict', {}],
    ['pair', { threshold: 3 }],
    ['triple', { threshold: 3 }],
    ['pair-without-dict', {}],
  ])('lets the job run when it returns %s', (form, added) => {
    expect(jobNamed(session, named(form))).toMatchObject({ state: 'SUCCEEDED', result: added });
  });

  it.each(['bare-false', 'nothing', 'empty', 'false-pair'])('says no with %s', (form) => {
    expect(jobNamed(session, named(form)).state).toBe('SKIPPED');
  });

  it('may add times, which workers get as times', () => {
    expect(look()['created']).toBe('datetime');
  });
});

describe('§3 the headers of a series', () => {
  it('have the keys and formats of the original', () => {
    const { headers, zones } = look();
    const [study] = patient.studies;

    expect(zones).toEqual([true, true]);
    expect(Object.keys(headers)).toEqual([
      ...['_id', 'PatientUID', 'StudyInstanceUID', 'SeriesInstanceUID', 'PeerUID', 'Instances'],
      ...['Metadata', 'CreatedAt', 'UpdatedAt'],
    ]);
    expect(headers).toMatchObject({
      PatientUID: createHash('sha256').update(`${patient.patientId}::HOSPITAL`).digest('hex'),
      StudyInstanceUID: study?.studyInstanceUid,
      SeriesInstanceUID: study?.series[0],
      Metadata: {
        PatientID: patient.patientId,
        IssuerOfPatientID: 'HOSPITAL',
        PatientName: 'Dœ^Jane',
        PatientAge: 18,
        PatientWeight: 71.5,
        StudyDate: '20260102',
        SeriesNumber: 1,
        Modality: 'CT',
        OperatorsName: ['One^A', 'Two^B'],
      },
    });
    expect(headers.Metadata).not.toHaveProperty('ImageType');
  });

  it('have the attributes of the top level, whatever nested sequences hold', () => {
    const { headers } = look();

    expect(headers.Metadata).toMatchObject({
      PatientID: patient.patientId,
      StudyInstanceUID: patient.studies[0]?.studyInstanceUid,
      AccessionNumber: 'A1',
    });
  });

  it('may have quotation marks', () => {
    expect(look().headers.Metadata['SeriesDescription']).toBe('T1 "fast" \'it\' {x}');
  });
});

describe('§4 the worker callback', () => {
  it('gets the keywords of the original', () => {
    expect(look()['keywords']).toEqual([
      ...['added_params', 'db_name', 'db_provider', 'db_url', 'event', 'headers', 'job_id'],
      ...['job_name', 'params', 'service_id', 'session_id', 'worker_id', 'worker_type'],
    ]);
    expect(look()['types']).toEqual({ session_id: 'str', job_id: 'str', event: 'str' });
    expect(look()['event']).toBe('stable-series');
  });

  it('sees the nine variables with hyphens', () => {
    const { environment } = look();

    expect(Object.keys(environment).sort()).toEqual(
      [
        ...['DB-NAME', 'DB-PROVIDER', 'DB-URL', 'JOB-EVENT', 'JOB-ID', 'JOB-NAME'],
        ...['JOB-SERVICE-NAME', 'PEER-ID', 'SESSION-ID'],
      ].map((name) => `DCM-PROCESSOR-SERVICE-${name}`),
    );
    expect(environment).toMatchObject({
      'DCM-PROCESSOR-SERVICE-SESSION-ID': session.id,
      'DCM-PROCESSOR-SERVICE-JOB-ID': ofFirstSeries('look').id,
      'DCM-PROCESSOR-SERVICE-JOB-EVENT': 'stable-series',
      'DCM-PROCESSOR-SERVICE-JOB-NAME': 'look',
      'DCM-PROCESSOR-SERVICE-JOB-SERVICE-NAME': 'calls',
      'DCM-PROCESSOR-SERVICE-PEER-ID': look().headers['PeerUID'],
    });
  });

  it('is of the package service_module, with data and programs beside it, whose modes are kept', () => {
    expect(look()).toMatchObject({
      module: ['service_module', 'service_module.inner.helper'],
      data: 'beside the code',
      tool: 'of the package\n',
    });
  });

  it('gets parameters as the site has set them, of every type', () => {
    expect(look()['params']).toEqual({
      kept: true,
      site: { limit: 7, deep: { name: 'a "b"' } },
      ratio: 0.5,
      on: true,
      list: [1, { a: null }],
      since: 'datetime.datetime(2026, 5, 31, 0, 0)',
    });
    expect(look().added).toMatchObject({ since: 'datetime' });
  });

  it('gets the images of its series from the SDK by the _id of the headers', () => {
    expect(ofFirstSeries('images').result).toEqual([2, 2]);
  });

  it('finds session data and files of another job of the same object', () => {
    for (const job of session.jobs.filter(({ name }) => name === 'finds')) {
      expect(job).toMatchObject({ error: null, result: [true, '2026-01-02', 'a file', false, 5] });
    }
  });

  it('has the whole of the SDK', () => {
    expect(look()['sdk']).toEqual(
      expect.arrayContaining([
        ...['dicom_series_to_nifti', 'download_session_file', 'get_dicom_sender', 'get_peer'],
        ...['get_series_dicom', 'get_series_nifti', 'get_session_data', 'get_session_file'],
        ...['get_simplified_json', 'has_session_data', 'has_session_file', 'make_pdf_dicom'],
        ...['make_series_dicom', 'nifti_to_dicom', 'remove_session_data', 'remove_session_file'],
        ...['run_post_services', 'run_pre_services', 'set_session_data', 'upload_session_file'],
      ]),
    );
  });
});
