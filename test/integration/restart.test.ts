/** Clean stop and start: state is found again, and what was on its way goes on. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startGantry, type StartedGantry } from '../../local/gantry.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { sent, storescu } from '../support/senders.ts';
import { discard, settingsFor } from '../support/shared-gantry.ts';
import { makeVolume } from '../support/studies.ts';
import { until } from '../support/until.ts';

const dataDirectory = mkdtempSync(join(tmpdir(), 'gantry-restart-'));
let started: StartedGantry | undefined;

const start = async (before?: StartedGantry): Promise<RunningGantry> => {
  started = await startGantry(settingsFor(dataDirectory, before));
  const { apiUrl, dimsePort, awsPort } = started;
  return new RunningGantry({ apiUrl, dimsePort, awsPort, dataDirectory });
};

const stop = async (): Promise<StartedGantry | undefined> => {
  const stopped = started;
  started = undefined;
  await stopped?.stop();
  return stopped;
};

afterAll(async () => {
  await stop();
  discard(dataDirectory);
});

describe('a Gantry that is stopped and started again', () => {
  it('has its configuration and results, finishes the session that it was stopped in, and releases the group that was open', async () => {
    const ended = await makeVolume(2);
    const interrupted = await makeVolume(1);
    const open = await makeVolume(3);
    const send = async (gantry: RunningGantry, calledAeTitle: string, files: string[]) => {
      await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle }, files));
    };

    const before = await start();
    for (const service of ['chain', 'sleeper']) {
      await before.done('service', 'install', `./test/fixtures/services/${service}`);
    }
    await before.aeTitle('QUICK', ['chain']);
    await before.aeTitle('SLOW', ['sleeper']);
    await before.aeTitle('LATER', ['chain'], '--timeout', '30');
    await send(before, 'QUICK', ended.files);
    const sessionBefore = await before.endedSession(ended.studyInstanceUid);
    await send(before, 'SLOW', interrupted.files);
    await until('a job that runs', 60_000, async () => {
      const [session] = await before.sessionsOf(interrupted.studyInstanceUid);
      if (session === undefined) return undefined;
      const { jobs } = await before.session(session.id);
      return jobs.some(({ name, state }) => name === 'sleeps' && state === 'RUNNING')
        ? true
        : undefined;
    });
    await send(before, 'LATER', open.files);
    const stopped = await stop();
    const leftBehind = await leftBehindIn(dataDirectory);

    const startedAt = Date.now();
    const after = await start(stopped);
    const startSeconds = (Date.now() - startedAt) / 1000;
    const aeTitles = await after.document(
      z.array(z.object({ aeTitle: z.string() })),
      ...['ae-title', 'list'],
    );
    const sessionAfter = await after.session(sessionBefore.id);
    const finished = await after.endedSession(interrupted.studyInstanceUid, 120_000);
    const released = await after.endedSession(open.studyInstanceUid, 120_000);
    const generations = await after.groups('LATER');

    expect(leftBehind).toEqual([]);
    expect(startSeconds).toBeLessThan(20);
    expect(aeTitles.map(({ aeTitle }) => aeTitle)).toEqual(
      expect.arrayContaining(['GANTRY', 'QUICK', 'SLOW', 'LATER']),
    );
    expect(sessionAfter).toEqual(sessionBefore);
    expect(finished.state).toBe('SUCCEEDED');
    expect(jobNamed(finished, 'sleeps')).toMatchObject({ state: 'SUCCEEDED', result: 8 });
    expect(jobNamed(finished, 'wakes').state).toBe('SUCCEEDED');
    expect(released).toMatchObject({ state: 'SUCCEEDED', instanceCount: 3 });
    expect(generations).toMatchObject([{ generation: 1, state: 'RELEASED', instanceCount: 3 }]);
    expect(await after.sessionsOf(open.studyInstanceUid)).toHaveLength(1);
    await stop();
  }, 400_000);
});
