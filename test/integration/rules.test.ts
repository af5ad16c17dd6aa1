/** Rules and declared inputs on a running Gantry: what matches runs, what does not says so, what fails is seen. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RunningGantry, time } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeStudy, makeVolume, type Study } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));
const to = (calledAeTitle: string) => ({ port: gantry.address.dimsePort, calledAeTitle });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-rules-'));
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The files of the series of that modality; a study's files are in the order of its series. */
const filesOf = ({ series, files }: Study, modality: string): string[] => {
  let at = 0;
  return series.flatMap((one) => {
    at += one.instances;
    return one.modality === modality ? files.slice(at - one.instances, at) : [];
  });
};

describe('rules of pipelines', () => {
  it('let one run, leave another empty and fail a third, each with its reason', async () => {
    const rules = {
      ct: '"CT" in instances.Modality',
      mr: '$any(instances, function($i) { $i.Modality = "MR" and $i.Rows > 1 })',
      broken: '$number(instances[0].Modality) > 1',
    };
    for (const [id, rule] of Object.entries(rules)) {
      await gantry.done('pipeline', 'set', `rule-${id}`, '--service', 'chain', '--rule', rule);
    }
    await gantry.done(
      ...['ae-title', 'set', 'RULED', '--group-by', 'Study'],
      ...Object.keys(rules).flatMap((id) => ['--pipeline', `${id}=rule-${id}`]),
    );
    const { studyInstanceUid, files } = await makeVolume(2);

    await sent(storescu(to('RULED'), files));
    const sessions = await gantry.endedSessions(studyInstanceUid, 3);
    const { stdout } = await gantry.done('explain', studyInstanceUid);

    const states = Object.fromEntries(sessions.map((one) => [one.pipelineName, one.state]));
    expect(states).toEqual({ ct: 'SUCCEEDED', mr: 'EMPTY', broken: 'FAILED' });
    expect(stdout).toContain('The rule of the pipeline "rule-ct" matches this group.');
    expect(stdout).toContain('The rule of the pipeline "rule-mr" does not match this group.');
    expect(stdout).toContain('instances.Modality: "CT" (2)');
    expect(stdout).toMatch(/The rule of the pipeline "rule-broken" failed: a value is no number/);
  });
});

describe('an AE title that declares a CT and its dose', () => {
  it('releases the pair when the second has come, long before the quiet time is over', async () => {
    const inputs = join(folder, 'pair.json');
    await writeFile(
      inputs,
      JSON.stringify([
        { name: 'ct', match: 'Modality = "CT"', count: 1, countOf: 'series' },
        { name: 'dose', match: 'Modality = "RTDOSE"', count: 1, countOf: 'series' },
      ]),
    );
    await gantry.aeTitle(
      'DECLARED',
      ['chain'],
      ...['--group-by', 'Study', '--timeout', '60', '--complete', inputs],
    );
    const study = await makeStudy('--slices', '2');

    await sent(storescu(to('DECLARED'), filesOf(study, 'CT')));
    await sent(storescu(to('DECLARED'), filesOf(study, 'RTDOSE')));
    const session = await gantry.endedSession(study.studyInstanceUid);
    const group = await gantry.group(session.groupId);
    const { stdout } = await gantry.done('explain', study.studyInstanceUid);

    expect(session.state).toBe('SUCCEEDED');
    expect(group.closedBecause).toBe('complete');
    expect(time(group.releasedAt) - time(group.lastReceivedAt)).toBeLessThan(15_000);
    expect(stdout).toMatch(/"ct" is met since .* "dose" is met since/);
  });
});
