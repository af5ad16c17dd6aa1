import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GroupManifest } from '../../../core/contracts/items.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../../core/contracts/ports.ts';
import { limiter } from '../../../core/running/concurrency.ts';
import {
  groupCache,
  InstanceCorrupt,
  type GroupInUse,
} from '../../../worker-container/staging/group-cache.ts';
import { part10File, SECONDARY_CAPTURE } from '../support/part10-file.ts';

/** A bucket that counts who asks, and may fail once. */
class Bucket {
  readonly stored = new Map<string, unknown>();
  readonly asked: string[] = [];
  failNext = false;
  cutNext = false;

  readonly store = {
    getJson: (key: string) => Promise.resolve(this.stored.get(key)),
    getStream: (key: string) => {
      this.asked.push(key);
      if (this.failNext) {
        this.failNext = false;
        return Promise.reject(new Error('the network is gone'));
      }
      const bytes = this.stored.get(key) as Buffer;
      const sent = this.cutNext ? bytes.subarray(0, -2) : bytes;
      this.cutNext = false;
      return Promise.resolve(Readable.from([sent]));
    },
  } as Partial<ObjectStore> as ObjectStore;

  /** A group of one instance; its object's key. */
  addGroup(groupId: string): string {
    const { bytes, sha256 } = part10File({ sop: `1.${groupId}`, study: '1.2', series: '1.2.3' });
    const objectKey = `instances/${groupId}`;
    this.stored.set(objectKey, bytes);
    this.stored.set(objectKeys.groupManifest(groupId), {
      ...{ groupId, aeTitle: 'GANTRY', groupBy: ['PatientID'], sealedAt: 0 },
      series: [
        {
          ...{ patientId: 'P', issuerOfPatientId: '', attributes: {} },
          ...{ studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3' },
          instances: [
            {
              ...{ sopInstanceUid: `1.${groupId}`, sopClassUid: SECONDARY_CAPTURE },
              ...{ transferSyntaxUid: '1.2.840.10008.1.2.1', objectKey, sha256 },
              ...{ size: bytes.length, receivedAt: 0, callingAeTitle: 'CT01' },
            },
          ],
        },
      ],
    } satisfies GroupManifest);
    return objectKey;
  }
}

let folder: string;
let bucket: Bucket;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-cache-'));
  bucket = new Bucket();
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const cacheOf = (maxBytes: number) =>
  groupCache({ objects: bucket.store, folder, maxBytes, limit: limiter(4) });

const stageFirst = async (group: GroupInUse): Promise<string> => {
  const [series] = group.patients.flatMap(({ studies }) => studies.flatMap((one) => one.series));
  const files = series === undefined ? [] : await group.stage(series);
  return files[0]?.path ?? '';
};

describe('a group on the disk', () => {
  it('is fetched once for jobs that use it at the same time and later', async () => {
    bucket.addGroup('10');
    const cache = cacheOf(1_000_000);
    const one = await cache.use('10');
    const other = await cache.use('10');

    const paths = await Promise.all([stageFirst(one), stageFirst(other)]);
    await one.release();
    await other.release();
    const later = await cache.use('10');
    await stageFirst(later);

    expect(new Set(paths).size).toBe(1);
    expect(bucket.asked).toHaveLength(1);
  });

  it('goes when space is needed, the one used longest ago first, and never while it is used', async () => {
    const ids = ['10', '11', '12', '13'];
    for (const id of ids) bucket.addGroup(id);
    const { length } = part10File({ sop: '1.10', study: '1.2', series: '1.2.3' }).bytes;
    const cache = cacheOf(2.5 * length);
    const paths: string[] = [];
    for (const id of ids) {
      const group = await cache.use(id);
      paths.push(await stageFirst(group));
      // A job goes on using the second.
      if (id !== '11') await group.release();
    }

    expect(paths.map((path) => existsSync(path))).toEqual([false, true, false, true]);
  });

  it('is asked for again after a failure that passed', async () => {
    bucket.addGroup('10');
    const group = await cacheOf(1_000_000).use('10');
    bucket.failNext = true;

    await expect(stageFirst(group)).rejects.toThrow('the network is gone');

    expect(existsSync(await stageFirst(group))).toBe(true);
  });

  it('gives out no file whose data set is not the one received', async () => {
    const key = bucket.addGroup('10');
    const damaged = Buffer.from(bucket.stored.get(key) as Buffer);
    damaged.writeUInt8(damaged.readUInt8(200) ^ 1, damaged.length - 1);
    bucket.stored.set(key, damaged);
    const group = await cacheOf(1_000_000).use('10');

    await expect(stageFirst(group)).rejects.toThrow(InstanceCorrupt);
    expect(bucket.asked).toEqual([key, key]);
  });

  it('is fetched once more when it was damaged on its way', async () => {
    const key = bucket.addGroup('10');
    bucket.cutNext = true;

    const file = await stageFirst(await cacheOf(1_000_000).use('10'));

    expect(existsSync(file)).toBe(true);
    expect(bucket.asked).toEqual([key, key]);
  });
});
