/** Real senders, and what an identical re-send does: nothing. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { RunningGantry } from '../support/gantry.ts';
import { dcmsend, echoscu, pynetdicomStorescu, sent, storescu } from '../support/senders.ts';
import { makeStudy, makeVolume } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));
const to = { port: gantry.address.dimsePort, calledAeTitle: 'SENDERS' };

const stored = (studyInstanceUid: string) => gantry.instancesOf('SENDERS', studyInstanceUid);

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
  await gantry.aeTitle('SENDERS', ['chain']);
});

describe('a sender', () => {
  it('gets an answer to C-ECHO', async () => {
    expect((await echoscu(to)).code).toBe(0);
    expect((await gantry.cli('echo', '--to', 'SENDERS')).code).toBe(0);
  });

  it.each([
    { name: 'storescu of DCMTK', send: storescu },
    { name: 'dcmsend of DCMTK', send: dcmsend },
  ])('stores every instance of a study with $name', async ({ send }) => {
    const study = await makeStudy('--slices', '3', '--colour', '--structured-report');

    const outcome = await send(to, study.files);
    const instances = await stored(study.studyInstanceUid);

    expect(outcome.stderr).toBe('');
    expect(outcome.code).toBe(0);
    expect(instances).toHaveLength(study.files.length);
  });

  it('stores an instance with storescu of pynetdicom', async () => {
    const study = await makeVolume(1);

    await sent(pynetdicomStorescu(to, study.files));

    expect(await stored(study.studyInstanceUid)).toHaveLength(1);
  });

  it('stores a study with gantry send', async () => {
    const study = await makeStudy('--slices', '3');

    await gantry.done('send', ...study.files, '--to', 'SENDERS');

    expect(await stored(study.studyInstanceUid)).toHaveLength(study.files.length);
  });

  it('is refused when it calls an AE title that nobody has', async () => {
    const study = await makeVolume(1);

    const refused = await storescu({ ...to, calledAeTitle: 'NOBODY' }, study.files);

    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('Called AE Title Not Recognized');
  });
});

describe('an identical re-send', () => {
  it('changes nothing, neither before the release nor after it', async () => {
    const study = await makeVolume(3);

    await sent(storescu(to, study.files));
    await sent(storescu(to, study.files));
    const session = await gantry.endedSession(study.studyInstanceUid);
    await sent(storescu(to, study.files));
    const after = (await gantry.groups('SENDERS')).filter(
      ({ key }) => key === study.studyInstanceUid,
    );

    expect(session.instanceCount).toBe(3);
    expect(after.map(({ state, generation }) => [state, generation])).toEqual([['RELEASED', 1]]);
    expect(await gantry.sessionsOf(study.studyInstanceUid)).toHaveLength(1);
  });
});
