/**
 * Grouping with real senders and real seconds: scenario 1 of the job processors and the boundaries that suites of other
 * systems test. Each has AE titles of its own, and all of them run at the same time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Group } from '../../core/contracts/api.ts';
import { RunningGantry, time } from '../support/gantry.ts';
import { newUid, plainFiles } from '../support/plain-files.ts';
import { sent, storescu } from '../support/senders.ts';
import { timetable } from '../support/timetable.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const LIMIT_MS = 300_000;

/** All files in one association. */
const send = async (calledAeTitle: string, ...files: readonly string[]): Promise<void> => {
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle }, files));
};

/** The groups of an AE title when none of them collects any more and each has its sessions. */
const released = (aeTitle: string, count: number): Promise<Group[]> =>
  until(`${count} released groups of ${aeTitle}`, 150_000, async () => {
    const groups = await gantry.groups(aeTitle);
    return groups.length >= count && groups.every(({ state }) => state === 'RELEASED')
      ? groups
      : undefined;
  });

const sizes = (groups: readonly Group[]): number[] =>
  groups.map(({ instanceCount }) => instanceCount).toSorted((a, b) => a - b);

const sessionsOf = (groups: readonly Group[]): number =>
  new Set(groups.flatMap(({ sessions }) => sessions)).size;

const quietMs = ({ releasedAt, lastReceivedAt }: Group): number =>
  time(releasedAt) - time(lastReceivedAt);

const LUNG_AND_HEART = ['--pipeline', 'lung=site', '--pipeline', 'heart=site'];
const THREE = [...LUNG_AND_HEART, '--pipeline', 'breast=site'];

const AE_TITLES: Readonly<Record<string, readonly string[]>> = {
  BYPATIENT: ['--group-by', 'Patient', '--priority', 'normal', '--timeout', '60', ...THREE],
  BYSTUDY: ['--priority', 'normal', '--timeout', '60', ...THREE],
  APART3: ['--pipeline', 'site=site'],
  APART6: ['--pipeline', 'site=site'],
  FOURPAT: ['--group-by', 'Patient', ...LUNG_AND_HEART],
  FOURSTUDY: ['--group-by', 'Study', ...LUNG_AND_HEART],
  FOURSERIES: ['--group-by', 'Series', ...LUNG_AND_HEART],
  ATONCE1: ['--pipeline', 'site=site'],
  ATONCE2: ['--group-by', 'Patient', '--timeout', '10', ...LUNG_AND_HEART],
  SHORT: ['--timeout', '1', '--pipeline', 'site=site'],
  NEVER: ['--pipeline', 'site=site'],
  // On a busy machine its sender may pause for longer than the usual five seconds.
  ENDLESS: ['--timeout', '10', '--max-wait', '15', '--pipeline', 'site=site'],
};

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
  await gantry.done('pipeline', 'set', 'site', '--service', 'chain');
  for (const [name, settings] of Object.entries(AE_TITLES)) {
    await gantry.done('ae-title', 'set', name, ...settings);
  }
});

/** Two studies of one patient, the first with two series, and one of another. */
const fourInstances = (): string[] => {
  const [first, second, studies] = [newUid(), newUid(), [newUid(), newUid(), newUid()]];
  const image = (patientId: string, studyInstanceUid = '') => ({
    ...{ patientId, studyInstanceUid, seriesInstanceUid: newUid() },
  });
  return plainFiles(
    image(first, studies[0]),
    image(first, studies[0]),
    image(first, studies[1]),
    image(second, studies[2]),
  );
};

describe.concurrent('grouping on the running system', () => {
  it.each([
    { aeTitle: 'BYPATIENT', groups: [5], sessions: 3, timeoutMs: 60_000 },
    { aeTitle: 'BYSTUDY', groups: [1, 1, 1, 1, 1], sessions: 15, timeoutMs: 60_000 },
  ])(
    'makes $sessions sessions of five studies of one patient in five associations: $aeTitle',
    async ({ aeTitle, groups: expected, sessions, timeoutMs }) => {
      const patientId = newUid();
      const studies = Array.from({ length: 5 }, () => ({ patientId, studyInstanceUid: newUid() }));

      const at = timetable();
      for (const [index, file] of plainFiles(...studies).entries()) {
        await at(index * 3000);
        await send(aeTitle, file);
      }
      const groups = await released(aeTitle, expected.length);

      expect(sizes(groups)).toEqual(expected);
      expect(sessionsOf(groups)).toBe(sessions);
      for (const group of groups) expect(quietMs(group)).toBeGreaterThanOrEqual(timeoutMs);
      for (const { studyInstanceUid } of studies) {
        expect(await gantry.sessionsOf(studyInstanceUid)).toHaveLength(3);
      }
    },
    LIMIT_MS,
  );

  it(
    'makes one release of three series of one study 3 s apart',
    async () => {
      const studyInstanceUid = newUid();
      const series = [0, 1, 2].map(() => ({ studyInstanceUid, seriesInstanceUid: newUid() }));

      const at = timetable();
      for (const [index, file] of plainFiles(...series).entries()) {
        await at(index * 3000);
        await send('APART3', file);
      }
      const groups = await released('APART3', 1);

      expect(sizes(groups)).toEqual([3]);
      expect(sessionsOf(groups)).toBe(1);
    },
    LIMIT_MS,
  );

  it(
    'makes three releases of three series of one study 6 s apart',
    async () => {
      const studyInstanceUid = newUid();
      const series = [0, 1, 2].map(() => ({ studyInstanceUid, seriesInstanceUid: newUid() }));

      for (const [index, file] of plainFiles(...series).entries()) {
        await send('APART6', file);
        // On a busy machine a release takes longer than the second that is left of the six.
        await Promise.all([sleep(6000), released('APART6', index + 1)]);
      }
      const groups = await released('APART6', 3);

      expect(sizes(groups)).toEqual([1, 1, 1]);
      expect(sessionsOf(groups)).toBe(3);
    },
    LIMIT_MS,
  );

  it.each([
    { aeTitle: 'FOURPAT', expected: [1, 3] },
    { aeTitle: 'FOURSTUDY', expected: [1, 1, 2] },
    { aeTitle: 'FOURSERIES', expected: [1, 1, 1, 1] },
  ])(
    'makes groups of $expected, times two pipelines, of four instances: $aeTitle',
    async ({ aeTitle, expected }) => {
      await send(aeTitle, ...fourInstances());
      const groups = await released(aeTitle, expected.length);

      expect(sizes(groups)).toEqual(expected);
      expect(sessionsOf(groups)).toBe(2 * expected.length);
    },
    LIMIT_MS,
  );

  it(
    'has each instance once in each of two AE titles that are called at the same time',
    async () => {
      const patients = [newUid(), newUid()];
      const studies = patients.flatMap((patientId) =>
        [newUid(), newUid()].map((studyInstanceUid) => ({ patientId, studyInstanceUid })),
      );
      const files = plainFiles(...studies.flatMap((study) => [study, study]));

      await Promise.all([send('ATONCE1', ...files), send('ATONCE2', ...files)]);
      const [byStudy, byPatient] = await Promise.all([
        released('ATONCE1', 4),
        released('ATONCE2', 2),
      ]);

      expect([sizes(byStudy), sizes(byPatient)]).toEqual([
        [2, 2, 2, 2],
        [4, 4],
      ]);
      expect([sessionsOf(byStudy), sessionsOf(byPatient)]).toEqual([4, 4]);
      for (const group of byPatient) expect(quietMs(group)).toBeGreaterThanOrEqual(10_000);
    },
    LIMIT_MS,
  );

  it(
    'waits 5 s where 1 s is asked for, and says so when it is asked',
    async () => {
      const { stderr, stdout } = await gantry.done(
        ...['ae-title', 'set', 'SHORT', '--timeout', '1', '--pipeline', 'site=site'],
      );
      const studyInstanceUid = newUid();

      await send('SHORT', ...plainFiles({ studyInstanceUid }));
      const groups = await released('SHORT', 1);

      expect(`${stdout}${stderr}`).toMatch(/raised to 5/);
      expect(sizes(groups)).toEqual([1]);
      for (const group of groups) expect(quietMs(group)).toBeGreaterThanOrEqual(5000);
    },
    LIMIT_MS,
  );

  it(
    'cuts a sender off that never stops, once each time maxWait has passed, and nothing is released where nothing comes',
    async () => {
      const studyInstanceUid = newUid();
      const files = plainFiles(...Array.from({ length: 14 }, () => ({ studyInstanceUid })));

      const at = timetable();
      for (const [index, file] of files.entries()) {
        await at(index * 1500);
        await send('ENDLESS', file);
      }
      const groups = await released('ENDLESS', 2);
      const [first] = groups.toSorted((a, b) => a.generation - b.generation);

      expect(first?.closedBecause).toBe('maxWait');
      expect(sizes(groups).reduce((a, b) => a + b)).toBe(files.length);
      // A generation may have been opened for an instance that was still in time for the one before.
      expect(sessionsOf(groups)).toBe(sizes(groups).filter((size) => size > 0).length);
      expect(await gantry.groups('NEVER')).toEqual([]);
    },
    LIMIT_MS,
  );
});
