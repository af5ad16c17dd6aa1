/** Scenario 2 of the job processors with real seconds: `priority: higher`, one pipeline, the rest by default. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { RunningGantry, time } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';
import { timetable } from '../support/timetable.ts';

/** Within which a busy machine releases too; how long a quiet one takes is measured by the benchmark main-path. */
const BY_ITS_CHECK_MS = 30_000;

const gantry = new RunningGantry(inject('gantry'));
const to = { port: gantry.address.dimsePort, calledAeTitle: 'BREAST' };

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
  await gantry.aeTitle('BREAST', ['chain'], '--priority', 'higher');
});

describe('an AE title by study with a window of 5 s', () => {
  it('makes three sessions of three studies in one association', async () => {
    const studies = await Promise.all([makeVolume(2), makeVolume(1), makeVolume(3)]);

    await sent(
      storescu(
        to,
        studies.flatMap(({ files }) => files),
      ),
    );
    const sessions = await Promise.all(
      studies.map(({ studyInstanceUid }) => gantry.endedSession(studyInstanceUid)),
    );

    expect(new Set(sessions.map(({ id }) => id)).size).toBe(3);
    expect(sessions.map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(sessions.map(({ priority }) => priority)).toEqual(['higher', 'higher', 'higher']);
    expect(sessions.map(({ instanceCount }) => instanceCount)).toEqual([2, 1, 3]);
    for (const { groupId } of sessions) {
      const group = await gantry.group(groupId);
      const quiet = time(group.releasedAt) - time(group.lastReceivedAt);

      expect(quiet).toBeGreaterThanOrEqual(5000);
      expect(quiet).toBeLessThan(BY_ITS_CHECK_MS);
    }
  });

  it('makes one session of one study whose instances come in four associations', async () => {
    const study = await makeVolume(4);
    const [first = '', second = '', third = '', fourth = ''] = study.files;

    const at = timetable();
    await sent(storescu(to, [first]));
    await at(4000);
    await sent(storescu(to, [second]));
    await at(7000);
    await sent(storescu(to, [third]));
    await at(8000);
    const beforeLast = Date.now();
    await sent(storescu(to, [fourth]));
    const session = await gantry.endedSession(study.studyInstanceUid);
    const group = await gantry.group(session.groupId);

    expect(session.instanceCount).toBe(4);
    expect(session.state).toBe('SUCCEEDED');
    expect(group.generation).toBe(1);
    expect(time(group.releasedAt) - beforeLast).toBeGreaterThanOrEqual(5000);
    expect(time(group.releasedAt) - time(group.lastReceivedAt)).toBeLessThan(BY_ITS_CHECK_MS);
  });
});
