/** Job processors that a site wrote, on a running Gantry. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { Composed } from '../../core/contracts/api-cache.ts';
import { Delivery } from '../../core/contracts/api-deliveries.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeStudy, makeVolume } from '../support/studies.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const to = (calledAeTitle: string) => ({ port: gantry.address.dimsePort, calledAeTitle });
const Report = z.object({ totals: z.object({ series: z.int(), instances: z.int() }) });

beforeAll(async () => {
  await gantry.done('service', 'install', './examples/services/volume-report', '--force');
  await gantry.done('pipeline', 'set', 'fusion', '--service', 'volume-report');
});

const setPair = (aeTitle: string, pipeline: string) =>
  gantry.done(
    ...['ae-title', 'set', aeTitle, '--processor', 'pair-of-modalities'],
    ...['--set', 'modalities=["CT","SR"]', '--set', 'quiet=3', '--set', `pipeline=${pipeline}`],
  );

describe('the example that waits for a pair of modalities', () => {
  it('makes one session of a study that comes in two associations, and its jobs see all of it', async () => {
    await setPair('PAIR', 'fusion');
    const study = await makeStudy('--structured-report');
    const half = Math.ceil(study.files.length / 2);

    await sent(storescu(to('PAIR'), study.files.slice(0, half)));
    await sent(storescu(to('PAIR'), study.files.slice(half)));
    const session = await gantry.endedSession(study.studyInstanceUid);
    const group = await gantry.group(session.groupId);
    const explained = await gantry.done('explain', study.studyInstanceUid);

    expect(session).toMatchObject({ state: 'SUCCEEDED', instanceCount: study.files.length });
    expect(session.aeTitle).toBe('PAIR');
    expect(group).toMatchObject({ closedBecause: 'submitted', instanceCount: study.files.length });
    expect(Report.parse(jobNamed(session, 'study-report').result).totals.series).toBeGreaterThan(0);
    expect(explained.stdout).toContain('job processor submitted');
  });
});

describe('a processor that throws', () => {
  it('is parked visibly, told to whoever asks for the study, and retried; the sender is told Success', async () => {
    await setPair('PAIRED', 'gone');
    const study = await makeStudy('--structured-report');

    await sent(storescu(to('PAIRED'), study.files));
    const parked = await until('a parked delivery', 60_000, async () => {
      const all = await gantry.document(z.array(Delivery), 'delivery', 'list', '--parked');
      return all.find(({ aeTitle }) => aeTitle === 'PAIRED');
    });
    const status = await gantry.done('status');
    const explained = await gantry.cli('explain', study.studyInstanceUid);

    expect(parked).toMatchObject({ processor: 'pair-of-modalities', kind: 'timer' });
    expect(parked.error?.message).toContain('gantry pipeline set gone');
    expect(status.stdout).toContain('gantry delivery list --parked');
    expect(explained.stdout).toContain('gantry pipeline set gone');
    expect(await gantry.sessionsOf(study.studyInstanceUid)).toEqual([]);

    await gantry.done('pipeline', 'set', 'gone', '--service', 'volume-report');
    await gantry.done('delivery', 'retry', parked.id);
    const session = await gantry.endedSession(study.studyInstanceUid);

    expect(session).toMatchObject({ state: 'SUCCEEDED', instanceCount: study.files.length });
  });
});

describe('the name of a processor', () => {
  it('that is not deployed is refused, naming those that are', async () => {
    const outcome = await gantry.cli('ae-title', 'set', 'PEARS', '--processor', 'pears');

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('pair-of-modalities');
  });
});

describe('a cache', () => {
  it('collects, and a session composed of two of three studies sees exactly these', async () => {
    await gantry.done('ae-title', 'set', 'KEEP', '--processor', 'cache');
    const studies = await Promise.all([makeVolume(2), makeVolume(3), makeVolume(1)]);
    const [first, second] = studies.map(({ studyInstanceUid }) => studyInstanceUid);

    await sent(
      storescu(
        to('KEEP'),
        studies.flatMap(({ files }) => files),
      ),
    );
    const listed = await gantry.done('cache', 'list', '--ae-title', 'KEEP');
    const chosen = ['--pipeline', 'fusion', '--study', first ?? '', '--study', second ?? ''];
    const refused = await gantry.cli('compose', ...chosen);
    const composed = await gantry.document(Composed, 'compose', ...chosen, '--across-patients');
    const session = await until('the end of the session', 90_000, async () => {
      const found = await gantry.session(composed.sessionId);
      return found.endedAt === null ? undefined : found;
    });

    for (const { studyInstanceUid } of studies) expect(listed.stdout).toContain(studyInstanceUid);
    expect(refused.stderr).toContain('--across-patients');
    expect(session).toMatchObject({ state: 'SUCCEEDED', instanceCount: 5 });
    const totals = session.jobs
      .filter(({ name }) => name === 'study-report')
      .map(({ object, result }) => [object?.uid, Report.parse(result).totals.instances]);
    expect(Object.fromEntries(totals)).toEqual({ [first ?? '']: 2, [second ?? '']: 3 });
    expect(await gantry.groups('KEEP')).toHaveLength(1);
  });
});
