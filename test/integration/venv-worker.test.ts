/** Workers of the type venv: their jobs run with the libraries that they name, and a failing build says why. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../core/contracts/api.ts';
import { WorkerDetail } from '../../core/contracts/api-packages.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));

/** Both environments are made while the session waits. */
const BUILD_MS = 280_000;

let session: Session;

beforeAll(async () => {
  for (const worker of ['with-six', 'unbuildable']) {
    await gantry.done('worker', 'install', `./test/fixtures/workers/${worker}`);
  }
  await gantry.done('service', 'install', './test/fixtures/services/venv-library');
  await gantry.aeTitle('VENV', ['venv-library']);
  const study = await makeVolume(1);
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: 'VENV' }, study.files));
  session = await gantry.endedSession(study.studyInstanceUid, BUILD_MS);
}, BUILD_MS);

describe('a job of a venv worker', () => {
  it('finds the libraries of its worker, and those of the SDK', () => {
    const job = jobNamed(session, 'library');

    expect(job.error).toBeNull();
    expect(job.state).toBe('SUCCEEDED');
    expect(job.worker).toBe('with-six');
    expect(job.result).toMatchObject({ six: '1.16.0', ownEnvironment: true });
  });

  it('fails with the words of pip when its environment cannot be made', () => {
    const job = jobNamed(session, 'nowhere');

    expect(job.state).toBe('FAILED');
    expect(JSON.stringify(job.error)).toContain('no-such-distribution-of-anybody');
  });
});

describe('gantry worker show', () => {
  it('tells that the environment is there, with its Python and the services that need it', async () => {
    const worker = await gantry.document(WorkerDetail, 'worker', 'show', 'with-six');

    expect(worker).toMatchObject({ type: 'venv', version: '1.0.0', services: ['venv-library'] });
    expect(worker.state).toBe('ready');
  });

  it('tells why an environment cannot be made', async () => {
    const worker = await gantry.document(WorkerDetail, 'worker', 'show', 'unbuildable');

    expect(worker.state).toBe('failing');
    expect(JSON.stringify(worker)).toContain('no-such-distribution-of-anybody');
  });
});
