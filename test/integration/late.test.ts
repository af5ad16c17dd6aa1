/** What comes late, what a person releases, and what belongs to no group, on a running system with real senders. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { Group, Routed, Unrouted } from '../../core/contracts/api.ts';
import { RunningGantry, time } from '../support/gantry.ts';
import { newUid, plainFiles } from '../support/plain-files.ts';
import { sent, storescu } from '../support/senders.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const LIMIT_MS = 300_000;

const send = async (calledAeTitle: string, ...files: readonly string[]): Promise<void> => {
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle }, files));
};

/** The generations of the one key of an AE title, the first one first, as soon as there are so many that are so. */
const generations = (
  aeTitle: string,
  count: number,
  isSo: (group: Group) => boolean = ({ state }) => state === 'RELEASED',
): Promise<Group[]> =>
  until(`${count} generations of ${aeTitle}`, 150_000, async () => {
    const groups = await gantry.groups(aeTitle);
    return groups.filter(isSo).length >= count
      ? groups.toSorted((a, b) => a.generation - b.generation)
      : undefined;
  });

const uids = async (group: Group | undefined): Promise<string[]> => {
  const listed = await gantry.document(
    z.array(z.object({ sopInstanceUid: z.string() })),
    ...['group', 'instances', group?.id ?? ''],
  );
  return listed.map(({ sopInstanceUid }) => sopInstanceUid);
};

/** One instance, and another one of its study once the group of the first is released. */
const sendTwice = async (aeTitle: string): Promise<void> => {
  const studyInstanceUid = newUid();
  const [first = '', second = ''] = plainFiles({ studyInstanceUid }, { studyInstanceUid });
  await send(aeTitle, first);
  await generations(aeTitle, 1);
  await send(aeTitle, second);
};

const SITE = ['--pipeline', 'site=site'];
const AE_TITLES: Readonly<Record<string, readonly string[]>> = {
  LATENEW: ['--late', 'new'],
  LATERERUN: ['--late', 'rerun'],
  LATEHOLD: ['--late', 'hold'],
  BYHAND: ['--timeout', '600'],
  NOPATIENT: ['--group-by', 'Patient'],
  ROUTED: [],
};

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
  await gantry.done('pipeline', 'set', 'site', '--service', 'chain');
  for (const [name, settings] of Object.entries(AE_TITLES)) {
    await gantry.done('ae-title', 'set', name, ...SITE, ...settings);
  }
});

describe.concurrent('an instance that comes after the release', () => {
  it(
    'makes a generation of its own: new',
    async () => {
      await sendTwice('LATENEW');
      const [first, second] = await generations('LATENEW', 2);

      expect([first?.late, second?.late]).toEqual([null, 'new']);
      expect([first?.instanceCount, second?.instanceCount]).toEqual([1, 1]);
      expect(second?.sessions).toHaveLength(1);
      expect(second?.supersedes).toBeNull();
    },
    LIMIT_MS,
  );

  it(
    'makes a generation with all of its key, which supersedes the one before: rerun',
    async () => {
      await sendTwice('LATERERUN');
      const [first, second] = await generations('LATERERUN', 2);

      expect(second).toMatchObject({ late: 'rerun', instanceCount: 2, supersedes: first?.id });
      expect(second?.sessions).toHaveLength(1);
      expect(await uids(second)).toEqual(expect.arrayContaining(await uids(first)));
    },
    LIMIT_MS,
  );

  it(
    'is kept until a person releases it: hold',
    async () => {
      await sendTwice('LATEHOLD');
      const [, held] = await generations('LATEHOLD', 1, (group) => group.held);
      const listed = await gantry.document(
        z.array(Group),
        ...['group', 'list', '--ae-title', 'LATEHOLD', '--held'],
      );

      expect(held).toMatchObject({ state: 'COLLECTING', dueAt: null, sessions: [] });
      expect(listed.map(({ id }) => id)).toEqual([held?.id]);

      await gantry.done('group', 'release', held?.id ?? '');
      const [, released] = await generations('LATEHOLD', 2);

      expect(released).toMatchObject({ closedBecause: 'manual', instanceCount: 1, held: false });
      expect(released?.sessions).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

describe.concurrent('a group that a person completes', () => {
  it(
    'is released at once, with all that had come',
    async () => {
      const studyInstanceUid = newUid();
      await send('BYHAND', ...plainFiles({ studyInstanceUid }, { studyInstanceUid }));
      const [open] = await generations('BYHAND', 1, ({ state }) => state === 'COLLECTING');

      const askedAt = Date.now();
      await gantry.done('group', 'release', open?.id ?? '');
      const [released] = await generations('BYHAND', 1);

      expect(released).toMatchObject({ closedBecause: 'manual', instanceCount: 2 });
      expect(time(released?.releasedAt ?? null) - askedAt).toBeLessThan(30_000);
    },
    LIMIT_MS,
  );
});

describe.concurrent('an instance without a value for its key', () => {
  const unrouted = async (reason: RegExp): Promise<Unrouted[]> =>
    (
      await gantry.document(z.array(Unrouted), ...['unrouted', 'list', '--ae-title', 'NOPATIENT'])
    ).filter((item) => reason.test(item.reason));

  it(
    'is acknowledged and kept with the reason; a person routes one to where it has its group, and deletes another',
    async () => {
      const studyInstanceUid = newUid();
      await send(
        'NOPATIENT',
        ...plainFiles({ patientId: undefined, studyInstanceUid }, { patientId: '' }),
      );
      const [missing] = await unrouted(/has no PatientID/);
      const [empty] = await unrouted(/has an empty PatientID/);

      const routed = await gantry.document(
        Routed,
        ...['unrouted', 'route', missing?.id ?? '', '--to', 'ROUTED'],
      );
      await gantry.done('unrouted', 'delete', empty?.id ?? '');
      const [group] = await generations('ROUTED', 1);

      expect(routed.groupId).toBe(group?.id);
      expect(group).toMatchObject({ key: studyInstanceUid, instanceCount: 1 });
      expect(await gantry.groups('NOPATIENT')).toEqual([]);
      expect(await unrouted(/PatientID/)).toEqual([]);
    },
    LIMIT_MS,
  );
});
