/** Which of the shared virtual environments the daily run deletes. */
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../core/contracts/day.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import type { SharedEnvironment } from '../../../core/contracts/shared-environment.ts';
import {
  reclaimEnvironments,
  UNNAMED_AFTER_MS,
  UNUSED_AFTER_MS,
} from '../../../core/processors/reclaim-environments.ts';
import { memoryObjects } from '../../support/memory-cloud.ts';

const NOW = 1_700_000_000_000;
const NAMED = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

const aBucket = () => {
  const objects = memoryObjects();
  const put = (key: string, ageMs: number, value: unknown = 1): void => {
    objects.stored.set(key, value);
    objects.modifiedAt.set(key, NOW - ageMs);
  };
  return {
    objects,
    put,
    /** An environment whose archive was put and whose use was marked so long ago. */
    environment: (id: string, age: { readonly built: number; readonly used: number }): void => {
      const facts: SharedEnvironment = {
        ...{ sha256: NAMED, bytes: 1, python: '3.13.1', notes: [] },
        ...{ builtAt: NOW - age.built, usedAt: NOW - age.used },
      };
      put(objectKeys.sharedEnvironment(id), age.used, facts);
      put(objectKeys.environmentArchive(id, NAMED), age.built);
    },
    reclaim: () => reclaimEnvironments({ objects, listing: objects, clock: () => NOW }),
    keys: () => [...objects.stored.keys()].sort(),
  };
};

describe('the reclaimer of environments', () => {
  it('keeps one that was built long ago and is used', async () => {
    const bucket = aBucket();
    bucket.environment('used', { built: 400 * DAY_MS, used: UNUSED_AFTER_MS });

    expect(await bucket.reclaim()).toBe(0);
    expect(bucket.keys()).toHaveLength(2);
  });

  it('deletes everything of one that was not used for 30 days, and nothing of another', async () => {
    const bucket = aBucket();
    bucket.environment('unused', { built: 60 * DAY_MS, used: UNUSED_AFTER_MS + 1 });
    bucket.environment('used', { built: 60 * DAY_MS, used: 0 });

    expect(await bucket.reclaim()).toBe(2);
    expect(bucket.keys()).toEqual(
      [objectKeys.environmentArchive('used', NAMED), objectKeys.sharedEnvironment('used')].sort(),
    );
  });

  it('deletes archives that do not count, but none that may be about to', async () => {
    const bucket = aBucket();
    bucket.environment('used', { built: 60 * DAY_MS, used: 0 });
    bucket.put(objectKeys.environmentArchive('used', OTHER), UNNAMED_AFTER_MS + 1);
    bucket.put(objectKeys.environmentArchive('new', OTHER), UNNAMED_AFTER_MS);

    expect(await bucket.reclaim()).toBe(1);
    expect(bucket.keys()).not.toContain(objectKeys.environmentArchive('used', OTHER));
    expect(bucket.keys()).toContain(objectKeys.environmentArchive('new', OTHER));
  });

  it('deletes archives that no document names, and leaves everything outside its prefix', async () => {
    const bucket = aBucket();
    bucket.put(objectKeys.environmentArchive('torn', OTHER), 2 * UNNAMED_AFTER_MS);
    bucket.put(objectKeys.environmentArchive('torn', NAMED), 0);
    bucket.put('instances/00/GANTRY/1.2/1.2.3/1.2.3.4-00-00.dcm', 400 * DAY_MS);

    expect(await bucket.reclaim()).toBe(1);
    expect(bucket.keys()).toHaveLength(2);
  });
});
