/** From a modality's C-STORE to the numbers of a service, on real images. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import type { Group, Session } from '../../core/contracts/api.ts';
import { jobNamed, RunningGantry, time } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeStudy, SeriesNumbers, type Study } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));

const Histogram = z.object({
  rangeFrom: z.string(),
  range: z.tuple([z.number(), z.number()]),
  voxels: z.int(),
  counts: z.array(z.int()),
});

const Report = z.object({
  rows: z.array(SeriesNumbers.extend({ seriesInstanceUid: z.string() })),
  totals: z.object({ series: z.int(), instances: z.int(), volumeMl: z.number() }),
  table: z.string(),
});

let study: Study;
let session: Session;
let group: Group;

beforeAll(async () => {
  await gantry.done('service', 'install', './examples/services/volume-report');
  await gantry.aeTitle('MAINJOB', ['volume-report'], '--group-by', 'Study');
  study = await makeStudy('--colour', '--structured-report');
  const to = { port: gantry.address.dimsePort, calledAeTitle: 'MAINJOB' };
  await sent(storescu(to, study.files));
  session = await gantry.endedSession(study.studyInstanceUid);
  group = await gantry.group(session.groupId);
});

const measured = (): { uid: string; expected: SeriesNumbers }[] =>
  study.series.flatMap(({ seriesInstanceUid, expected }) =>
    expected === null ? [] : [{ uid: seriesInstanceUid, expected }],
  );

describe('a study sent to an AE title', () => {
  it('becomes one group with every instance', () => {
    expect(group.instanceCount).toBe(study.files.length);
    expect(group.key).toBe(study.studyInstanceUid);
    expect(group.generation).toBe(1);
    expect(group.sessions).toEqual([session.id]);
  });

  it('is released after the quiet time, and soon', () => {
    const quiet = time(group.releasedAt) - time(group.lastReceivedAt);

    expect(quiet).toBeGreaterThanOrEqual(5000);
    expect(quiet).toBeLessThan(9000);
  });

  it('makes one session, which succeeds', () => {
    expect(session.state).toBe('SUCCEEDED');
    expect(session.pipeline).toBe('mainjob');
  });

  it('gives the numbers that the series were made with', () => {
    for (const { uid, expected } of measured()) {
      const job = jobNamed(session, 'series-statistics', uid);
      const result = SeriesNumbers.parse(job.result);

      expect(job.state).toBe('SUCCEEDED');
      expect(result.voxelsAboveThreshold).toBe(expected.voxelsAboveThreshold);
      expect(result.volumeMl === null).toBe(expected.volumeMl === null);
      expect(result.volumeMl ?? 0).toBeCloseTo(expected.volumeMl ?? 0, 5);
      expect([result.min, result.max]).toEqual([expected.min, expected.max]);
      expect(result.mean).toBeCloseTo(expected.mean, 5);
      expect(result.std).toBeCloseTo(expected.std, 5);
    }
  });

  it('lets a dependent job read the session data of the job before it', () => {
    for (const { uid, expected } of measured()) {
      const result = Histogram.parse(jobNamed(session, 'series-histogram', uid).result);

      expect(result.rangeFrom).toBe('session data');
      expect(result.range).toEqual([expected.min, expected.max]);
      expect(result.counts.reduce((sum, count) => sum + count, 0)).toBe(expected.voxels);
    }
  });

  it('gives the report of the study with a row for each series', () => {
    const report = Report.parse(jobNamed(session, 'study-report').result);

    expect(report.rows.map((row) => row.seriesInstanceUid)).toEqual(
      measured().map(({ uid }) => uid),
    );
    expect(report.totals.instances).toBe(study.files.length - 1);
    expect(report.totals.volumeMl).toBeCloseTo(
      measured().reduce((sum, { expected }) => sum + (expected.volumeMl ?? 0), 0),
      4,
    );
  });

  it('says why nothing ran for the series without pixels', () => {
    const uid = study.series.find(({ modality }) => modality === 'SR')?.seriesInstanceUid ?? '';

    for (const name of ['series-statistics', 'series-histogram']) {
      const job = jobNamed(session, name, uid);

      expect(job.state).toBe('SKIPPED');
      expect(job.reason).toMatch(/registry/i);
    }
  });

  it('runs the jobs in the order of their dependencies and levels', () => {
    const pre = jobNamed(session, 'pre-services');
    const post = jobNamed(session, 'post-services');
    const report = jobNamed(session, 'study-report');

    for (const { uid } of measured()) {
      const statistics = jobNamed(session, 'series-statistics', uid);
      const histogram = jobNamed(session, 'series-histogram', uid);

      expect(histogram.dependsOn).toEqual([statistics.id]);
      expect(time(statistics.startedAt)).toBeGreaterThanOrEqual(time(pre.endedAt));
      expect(time(histogram.startedAt)).toBeGreaterThanOrEqual(time(statistics.endedAt));
      expect(time(report.startedAt)).toBeGreaterThanOrEqual(time(histogram.endedAt));
    }
    expect(time(post.startedAt)).toBeGreaterThanOrEqual(time(report.endedAt));
  });
});

describe('the command line', () => {
  it('shows a result as the callback returned it', async () => {
    const job = jobNamed(session, 'study-report');

    const { stdout } = await gantry.done('job', 'result', job.id, '--json');

    expect(JSON.parse(stdout)).toEqual(job.result);
  });

  it('shows what a job printed', async () => {
    const uid = study.series[0]?.seriesInstanceUid ?? '';

    const { stdout } = await gantry.done(
      ...['job', 'logs', jobNamed(session, 'series-statistics', uid).id],
    );

    expect(stdout).toContain('12 instances');
  });

  it('lists sessions and shows one for people and for programs', async () => {
    const listed = await gantry.document(
      z.array(z.object({ id: z.string() })),
      ...['session', 'list', '--study', study.studyInstanceUid],
    );
    const shown = await gantry.done('session', 'show', session.id);

    expect(listed.map(({ id }) => id)).toEqual([session.id]);
    expect(shown.stdout).toContain('study-report');
  });
});
