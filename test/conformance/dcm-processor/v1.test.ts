/**
 * Packages of dcm-processor 1 (`registry/settings.json`) run as they are: their arguments, their folders, what one
 * job leaves for the next, and results that are sent.
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../../core/contracts/api.ts';
import { jobNamed, RunningGantry } from '../../support/gantry.ts';
import { packageFolder } from '../../support/package-folders.ts';
import { sent, storescu } from '../../support/senders.ts';
import { makeStudy, type Study } from '../../support/studies.ts';
import { until } from '../../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));

const SETTINGS = [
  {
    jobName: 'old-measure',
    worker: 'oldservice.measure',
    callback: 'oldservice.measures',
    dependsOn: null,
    channel: 'default',
    timeout: '10m',
    params: { modality: 'CT' },
    sortPosition: 1,
  },
  {
    jobName: 'old-report',
    worker: 'oldservice.steps.report.write',
    callback: 'oldservice.reports',
    dependsOn: ['old-measure'],
    channel: 'default',
    params: null,
    sortPosition: 2,
  },
  {
    jobName: 'old-never',
    worker: 'oldservice.measure',
    callback: 'oldservice.never',
    sortPosition: 3,
  },
];

const REGISTRY = `
def measures(jobName, headers, params, added_params, **kwargs):
    wanted = [one["id"] for study in headers["studies"] for one in study["series"]
              if one["tags"].get("Modality") == params["modality"]]
    return len(wanted) > 0, {"series": wanted, "tags": headers["tags"]}


def reports(jobName, headers, params, added_params, **kwargs):
    storage = {"type": "pdf", "path": "report/report.pdf", "destination": "v1-archive",
               "permanent": True, "tags": {"SeriesDescription": "Old report"}}
    return True, {"storage": storage, "deleted": ["report"], "saw": sorted(added_params)}


def never(jobName, headers, params, added_params, **kwargs):
    return False
`;

const MODULE = `
import glob
import os

import pydicom
from dcm_processor_lib import get_logger

DATA = os.getenv("DATA")
logger = get_logger("oldservice")


def measure(jobName, headers, params, added_params, **kwargs):
    counts = {}
    for series in added_params[jobName]["series"]:
        files = glob.glob(os.path.join(DATA, headers["dcmpath"], series, "*.dcm"))
        counts[series] = len([pydicom.dcmread(file) for file in files])
    os.makedirs(os.path.join(DATA, "report"))
    with open(os.path.join(DATA, "report", "counts.txt"), "w") as file:
        file.write(str(sum(counts.values())))
    logger.error("measured")
    return sum(counts.values())
`;

const REPORT = `
import os


def write(jobName, headers, params, added_params, **kwargs):
    folder = os.path.join(os.environ["DATA"], "report")
    with open(os.path.join(folder, "counts.txt")) as file:
        count = file.read()
    with open(os.path.join(folder, "report.pdf"), "wb") as file:
        file.write(b"%PDF-1.4 " + count.encode())
    return [count, added_params[jobName]["saw"], sorted(added_params)]
`;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });

let study: Study;
let session: Session;
let archive: string;
let stopArchive: () => void;

beforeAll(async () => {
  const port = await freePort();
  archive = mkdtempSync(join(tmpdir(), 'gantry-archive-'));
  const receiver = spawn('storescp', ['-od', archive, '-aet', 'ARCHIVE', String(port)], {
    stdio: 'ignore',
  });
  stopArchive = () => {
    receiver.kill();
  };
  await gantry.done(
    ...['destination', 'set', 'v1-archive', '--ae-title', 'ARCHIVE'],
    ...['--host', '127.0.0.1', '--port', String(port)],
  );
  const folder = packageFolder({
    'registry/settings.json': JSON.stringify(SETTINGS),
    'registry/__init__.py': REGISTRY,
    'module/__init__.py': MODULE,
    'module/steps/__init__.py': '',
    'module/steps/report.py': REPORT,
  });
  await gantry.done('service', 'install', folder, '--force');
  await gantry.aeTitle('V1', ['oldservice'], '--group-by', 'PatientID');
  study = await makeStudy();
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: 'V1' }, study.files));
  session = await gantry.endedSession(study.studyInstanceUid);
});

afterAll(() => {
  stopArchive();
});

describe('§10 a package of version 1', () => {
  it('runs once for the patient, with the images of the series that its callback chose', () => {
    const chosen = study.series.filter(({ modality }) => modality === 'CT');
    const job = jobNamed(session, 'old-measure');

    expect(job).toMatchObject({ state: 'SUCCEEDED', event: 'stable-patient' });
    expect(chosen.length).toBeGreaterThan(0);
    expect(job.result).toBe(chosen.reduce((sum, { instances }) => sum + instances, 0));
  });

  it('finds in DATA what the job before it left there, and sees the added parameters of all', () => {
    const measured = jobNamed(session, 'old-measure');
    const report = jobNamed(session, 'old-report');

    expect(report.error).toBeNull();
    expect(report.result).toEqual([
      String(measured.result),
      ['old-measure'],
      ['old-measure', 'old-report'],
    ]);
    expect(report.dependsOn).toEqual([measured.id]);
  });

  it('is skipped where its callback says no', () => {
    expect(jobNamed(session, 'old-never')).toMatchObject({
      state: 'SKIPPED',
      reason: 'The registry callback said no for this object.',
    });
  });

  it('has its results sent to the destination that it names', async () => {
    const [file = ''] = await until('the report in the archive', 10_000, () => {
      const files = readdirSync(archive);
      return Promise.resolve(files.length === 0 ? undefined : files);
    });

    expect(readFileSync(join(archive, file), 'latin1')).toContain('%PDF-1.4 ');
  });

  it('writes what it logs to the log of its job', async () => {
    const { stdout } = await gantry.done('job', 'logs', jobNamed(session, 'old-measure').id);

    expect(stdout).toContain('oldservice - ERROR - measured');
  });

  it('that calls Orthanc is refused, with the line that does', async () => {
    const folder = packageFolder({
      'registry/settings.json': JSON.stringify({
        jobName: 'asks',
        worker: 'asker.worker',
        callback: 'asker.callback',
      }),
      'registry/__init__.py': 'def callback(**kwargs):\n    return True\n',
      'module/__init__.py':
        'import os\nimport requests\n\n\ndef worker(**kwargs):\n    requests.get(os.environ["ORTHANC_REST_URL"])\n',
    });

    const refused = await gantry.cli('service', 'install', folder);

    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('module/__init__.py:6');
    expect(refused.stderr).toContain("calls Orthanc's REST API (ORTHANC_REST_URL)");
  });
});
