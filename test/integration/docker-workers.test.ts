/** Docker workers end to end: pre scripts, the image or what stands for it here, post scripts. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../core/contracts/api.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));

const sessionWith = async (aeTitle: string, folder: string, service: string): Promise<Session> => {
  await gantry.done('worker', 'install', folder);
  await gantry.done('service', 'install', folder);
  await gantry.aeTitle(aeTitle, [service]);
  const study = await makeVolume(2);
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: aeTitle }, study.files));
  return gantry.endedSession(study.studyInstanceUid, 180_000);
};

describe('a docker worker', () => {
  let session: Session;

  beforeAll(async () => {
    const folder = './examples/services/container-intensities';
    session = await sessionWith('CONTAINER', folder, 'container-intensities');
  });

  it('computes in its container what its pre script has fetched', () => {
    expect(jobNamed(session, 'container-intensities')).toMatchObject({
      state: 'SUCCEEDED',
      attempts: 1,
      result: { values: expect.any(Number) as number, mean: expect.any(Number) as number },
    });
  });

  it('has all that its scripts and its container print in the job’s log, in order', async () => {
    const { id } = jobNamed(session, 'container-intensities');
    const { stdout } = await gantry.done('job', 'logs', id);

    expect(stdout).toMatch(/2 images[^]*container-intensities: \d+ values[^]*the report is kept/);
  });

  it('fails its job when the container ends with another code than 0, with its last words', async () => {
    const folder = './test/fixtures/services/container-exit';
    const failed = jobNamed(await sessionWith('EXITS', folder, 'container-exit'), 'exits');

    expect(failed).toMatchObject({
      state: 'FAILED',
      reason: expect.stringContaining('exit code 3') as string,
    });
    expect(failed.error?.traceback).toContain('the licence has expired');
  });
});
