/** The storage space reclaimer on a running system, each minute by its schedule: what it takes, and what it leaves. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { bucketObjects } from '../../aws/objects.ts';
import type { Group } from '../../core/contracts/api.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import { jobNamed, RunningGantry, time } from '../support/gantry.ts';
import { newUid, plainFiles } from '../support/plain-files.ts';
import { sent, storescu } from '../support/senders.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const LIMIT_MS = 600_000;
/** Some runs of a minute each: what has to wait is looked at again after one minute, then two. */
const RECLAIMED_WITHIN_MS = 300_000;
/** In days: about 9 s. */
const SHORT = ['--retention', '0.0001'];
const SLEEPER = join(import.meta.dirname, '..', 'fixtures', 'services', 'sleeper');

const s3 = new S3Client({ ...emulatedConnection(gantry.address.awsPort), forcePathStyle: true });

interface Released {
  readonly group: Group;
  readonly objectKeys: readonly string[];
}

/** The group of a new study of two instances, as soon as it is released. */
const released = async (aeTitle: string): Promise<Released> => {
  const studyInstanceUid = newUid();
  const files = plainFiles({ studyInstanceUid }, { studyInstanceUid });
  const to = { port: gantry.address.dimsePort, calledAeTitle: aeTitle };
  await sent(storescu(to, files));
  const instances = await gantry.instancesOf(aeTitle, studyInstanceUid);
  const group = await until('the release', 90_000, async () => {
    const groups = await gantry.groups(aeTitle);
    return groups.find(({ key, state }) => key === studyInstanceUid && state === 'RELEASED');
  });
  return { group, objectKeys: instances.map(({ objectKey }) => objectKey) };
};

const reclaimed = ({ group: { id } }: Released): Promise<Group> =>
  until('the deletion of the instances', RECLAIMED_WITHIN_MS, async () => {
    const group = await gantry.group(id);
    return group.reclaimedAt === null ? undefined : group;
  });

/** How many of the group's objects are in whichever bucket. */
const objectsLeft = async ({ objectKeys }: Released): Promise<number> => {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const sizes = await Promise.all(
    Buckets.flatMap(({ Name = '' }) => {
      const objects = bucketObjects(s3, Name);
      return objectKeys.map((key) => objects.size(key));
    }),
  );
  return sizes.filter((size) => size !== undefined).length;
};

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
});
afterAll(() => {
  s3.destroy();
});

describe.concurrent('what a group has received', () => {
  it(
    'is deleted once the retention has passed, with a record of it; the group stays to be read',
    async () => {
      await gantry.aeTitle('RETAINED', ['chain'], ...SHORT);
      const short = await released('RETAINED');
      const before = await objectsLeft(short);
      const group = await reclaimed(short);
      const decisions = await gantry.done('decision', 'list', '--ae-title', 'RETAINED');

      expect(before).toBe(2);
      expect(await objectsLeft(short)).toBe(0);
      expect(time(group.reclaimedAt) - time(group.releasedAt)).toBeGreaterThan(8_640);
      expect(group).toMatchObject({ state: 'RELEASED', instanceCount: 2 });
      expect(decisions.stdout).toContain('2 instances were deleted: handed over by retention');
    },
    LIMIT_MS,
  );

  it(
    'stays under a legal hold while others of the AE title go, and goes when the hold is taken away',
    async () => {
      await gantry.aeTitle('ONHOLD', ['chain']);
      const [onHold, other] = [await released('ONHOLD'), await released('ONHOLD')];
      await gantry.done('group', 'hold', onHold.group.id, '--reason', 'case 7');
      await gantry.done('ae-title', 'set', 'ONHOLD', ...SHORT);
      await reclaimed(other);

      expect(await objectsLeft(other)).toBe(0);
      expect(await objectsLeft(onHold)).toBe(2);
      const held = await gantry.group(onHold.group.id);
      expect(held).toMatchObject({ legalHold: 'case 7', reclaimedAt: null });

      await gantry.done('group', 'unhold', onHold.group.id);
      await reclaimed(onHold);
      expect(await objectsLeft(onHold)).toBe(0);
    },
    LIMIT_MS,
  );

  describe('and a session works on', () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gantry-reclaim-'));
      await cp(SLEEPER, folder, { recursive: true });
      const manifest = join(folder, 'dcm-processor.json');
      const text = await readFile(manifest, 'utf8');
      const named = text.replace('"name": "sleeper"', '"name": "long-sleeper"');
      await writeFile(manifest, named.replace('"seconds": 8', '"seconds": 280'));
      await gantry.done('service', 'install', folder, '--force');
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it(
      'stays until the session has ended, however long its retention has passed',
      async () => {
        await gantry.aeTitle('INUSE', ['long-sleeper'], ...SHORT);
        await gantry.aeTitle('NOTINUSE', ['chain'], ...SHORT);
        const inUse = await released('INUSE');
        // Released later, so that the reclaimer has been at the other before.
        const other = await released('NOTINUSE');
        await reclaimed(other);
        const [summary] = await gantry.sessionsOf(inUse.group.key);
        const running = await gantry.session(summary?.id ?? '');

        expect(jobNamed(running, 'sleeps').state).toBe('RUNNING');
        expect(await objectsLeft(inUse)).toBe(2);

        await gantry.done('session', 'cancel', running.id);
        const { reclaimedAt } = await reclaimed(inUse);
        const { endedAt, state } = await gantry.session(running.id);

        expect(state).toBe('CANCELLED');
        expect(time(reclaimedAt)).toBeGreaterThan(time(endedAt));
        expect(await objectsLeft(inUse)).toBe(0);
      },
      LIMIT_MS,
    );
  });
});
