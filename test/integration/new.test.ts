/** `gantry new`: what it makes is installed and runs, as it is. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));
const parent = mkdtempSync(join(tmpdir(), 'gantry-new-'));

const sessionWith = async (aeTitle: string, service: string) => {
  await gantry.aeTitle(aeTitle, [service]);
  const study = await makeVolume(2);
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: aeTitle }, study.files));
  return gantry.endedSession(study.studyInstanceUid, 180_000);
};

describe('gantry new service', () => {
  it('makes a package that runs at once for each of its events', async () => {
    await gantry.done(
      ...['new', 'service', 'counter', '--path', parent],
      ...['-e', 'stable-series', '-e', 'stable-study'],
    );
    await gantry.done('service', 'install', join(parent, 'counter'));

    const session = await sessionWith('NEW', 'counter');

    expect(session.state).toBe('SUCCEEDED');
    const results = session.jobs.filter(({ name }) => name === 'counter');
    expect(results.map(({ event, result }) => [event, result])).toEqual([
      ['stable-series', { count: 2, modality: 'CT' }],
      ['stable-study', { count: 1, modality: null }],
    ]);
  });

  it.each(['venv', 'docker'] as const)(
    'makes one with a %s worker of its own, which comes with it',
    async (type) => {
      const name = `on-${type}`;
      await gantry.done('new', 'service', name, '--worker', type, '--path', parent);
      await gantry.done('service', 'install', join(parent, name));

      const session = await sessionWith(`NEW-${type.toUpperCase()}`, name);

      expect(jobNamed(session, name)).toMatchObject({
        state: 'SUCCEEDED',
        worker: name,
        result: { count: 2, modality: 'CT' },
      });
    },
    240_000,
  );

  it('leaves alone what is there already', async () => {
    await gantry.done('new', 'service', 'there', '--path', parent);

    const again = await gantry.cli('new', 'service', 'there', '--path', parent);

    expect(again.code).toBe(1);
    expect(again.stderr).toContain('nothing was written');
  });

  it.each([
    [['a.b'], 'is no name for a package'],
    [['x', '-e', 'stable'], 'is no event'],
    [['x', '--worker', 'vm'], 'Allowed choices are venv, docker'],
  ])('refuses %j as wrong usage', async (args, message) => {
    const refused = await gantry.cli('new', 'service', ...args, '--path', parent);

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(message);
  });
});

describe('gantry new worker', () => {
  it.each(['venv', 'docker'] as const)('makes a worker of type %s that installs', async (type) => {
    const name = `alone-${type}`;
    await gantry.done('new', 'worker', name, '--type', type, '--path', parent);

    await gantry.done('worker', 'install', join(parent, name));

    const { stdout } = await gantry.done('worker', 'show', name, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ name, type, version: '1.0.0' });
  });
});
