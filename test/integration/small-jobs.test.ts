/** What many small jobs cost, and how long a chain of them takes. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../core/contracts/api.ts';
import { jobNamed, RunningGantry, time } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));

/** The original platform takes 25 s for twelve trivial jobs on two threads. */
const ORIGINAL_MS = 25_000;

const sessionWith = async (aeTitle: string): Promise<Session> => {
  const study = await makeVolume(1);
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: aeTitle }, study.files));
  return gantry.endedSession(study.studyInstanceUid);
};

beforeAll(async () => {
  for (const service of ['trivial', 'chain']) {
    await gantry.done('service', 'install', `./test/fixtures/services/${service}`, '--force');
  }
  await gantry.aeTitle('TRIVIAL', ['trivial']);
  await gantry.aeTitle('CHAIN', ['chain']);
});

describe('small jobs', () => {
  it('take less time than on the original platform when there are twelve', async () => {
    const session = await sessionWith('TRIVIAL');
    const jobs = session.jobs.filter(({ service }) => service === 'trivial');

    expect(jobs.map(({ result }) => result).sort()).toEqual(jobs.map(({ name }) => name).sort());
    expect(jobs).toHaveLength(12);
    expect(time(session.endedAt) - time(session.startedAt)).toBeLessThan(ORIGINAL_MS);
  });

  it('hand session data on from one to the next in a chain', async () => {
    const session = await sessionWith('CHAIN');

    expect(session.state).toBe('SUCCEEDED');
    expect(jobNamed(session, 'link-5').result).toEqual([
      ...['link-1', 'link-2', 'link-3', 'link-4', 'link-5'],
    ]);
  });
});
