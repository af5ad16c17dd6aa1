/** Persons cancel a session in the middle and try it again; a service that is upgraded meanwhile changes nothing of it. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isTerminalSessionState } from '../../core/running/states.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'services', 'retryable');

describe('a session in the middle of a job', () => {
  let folder: string;
  let id: string;

  const ended = () =>
    until('the end of the session', 120_000, async () => {
      const session = await gantry.session(id);
      return isTerminalSessionState(session.state) ? session : undefined;
    });
  const logOf = async (job: string) => (await gantry.done('job', 'logs', job)).stdout;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gantry-retry-'));
    await cp(FIXTURE, folder, { recursive: true });
    await gantry.done('service', 'install', folder, '--force');
    await gantry.aeTitle('RETRY', ['retryable']);
    const study = await makeVolume(1);
    await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: 'RETRY' }, study.files));
    id = await until('the callback in the middle of its work', 180_000, async () => {
      const [summary] = await gantry.sessionsOf(study.studyInstanceUid);
      if (summary?.state !== 'RUNNING') return undefined;
      const session = await gantry.session(summary.id);
      const { state, id: job } = jobNamed(session, 'waits');
      return state === 'RUNNING' && (await logOf(job)).includes('waiting') ? session.id : undefined;
    });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is cancelled with every job that has not ended, and the callback is told to end', async () => {
    await gantry.done('session', 'cancel', id);
    const session = await ended();

    expect(session.state).toBe('CANCELLED');
    expect(jobNamed(session, 'keeps').state).toBe('SUCCEEDED');
    expect(jobNamed(session, 'waits').state).toBe('CANCELLED');
    expect(jobNamed(session, 'reads').state).toBe('CANCELLED');
    expect(jobNamed(session, 'post-services').state).toBe('SUCCEEDED');
    await until('the end of the callback', 60_000, async () =>
      (await logOf(jobNamed(session, 'waits').id)).includes('told to end') ? true : undefined,
    );
  });

  it('runs again from where it stood, with what was kept and the versions it was planned with', async () => {
    const module = join(folder, 'module', '__init__.py');
    await writeFile(module, (await readFile(module, 'utf8')).replaceAll('first', 'second'));
    await gantry.done('service', 'install', folder, '--force');

    await gantry.done('session', 'retry', id);
    const session = await ended();

    expect(session.state).toBe('SUCCEEDED');
    expect(jobNamed(session, 'keeps').attempts).toBe(1);
    expect(jobNamed(session, 'waits')).toMatchObject({ state: 'SUCCEEDED', attempts: 2 });
    expect(jobNamed(session, 'reads').result).toEqual({ kept: 'by the first', version: 'first' });
    const again = await gantry.cli('session', 'retry', id);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('--all');
  });
});
