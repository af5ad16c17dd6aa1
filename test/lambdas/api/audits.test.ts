/** The latest audit of the stored images through the API: as it was found, and among the problems of the status. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Status } from '../../../core/contracts/api.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import type { StorageAuditItem } from '../../../core/contracts/storage-audit.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';
import { EMULATOR_HOOK_MS } from '../../support/emulator.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, EMULATOR_HOOK_MS);
afterAll(() => api.stop(), EMULATOR_HOOK_MS);

const NOTHING = { count: 0, keys: [] };
const CLEAN: StorageAuditItem = {
  ...{ startedAt: 1_000, endedAt: 2_000, items: 3, objects: 3 },
  ...{ objectsWithoutItem: NOTHING, itemsWithoutObject: NOTHING },
};

/** The problems of the status that lead to the audit, when this is the latest. */
const problemsAfter = async (audit: Partial<StorageAuditItem>): Promise<string[]> => {
  await api.context.table.put(tableKeys.storageAudit, { ...CLEAN, ...audit });
  const { problems } = Status.parse((await api.call('GET', '/status')).json);
  return problems.filter((problem) => problem.includes('gantry audit show'));
};

describe('the latest audit', () => {
  it('is not found before there was one, and is no problem', async () => {
    const answer = await api.call('GET', '/audits/latest');

    expect(answer.status).toBe(404);
    expect(answer.text).toContain('nothing was audited yet');
    expect((await api.call('GET', '/status')).text).not.toContain('gantry audit show');
  });

  it('is shown with what it found', async () => {
    const itemsWithoutObject = { count: 2, keys: ['instances/a', 'instances/b'] };
    const problems = await problemsAfter({ itemsWithoutObject });

    expect((await api.call('GET', '/audits/latest')).json).toEqual({
      startedAt: '1970-01-01T00:00:01.000Z',
      endedAt: '1970-01-01T00:00:02.000Z',
      unfinishedBecause: null,
      items: 3,
      objects: 3,
      objectsWithoutItem: NOTHING,
      itemsWithoutObject,
    });
    expect(problems).toEqual([
      'the objects of 2 stored instances are not there; see: gantry audit show',
    ]);
  });

  it('is a problem when objects belong to nothing or when it came to no end, and none when all is well', async () => {
    const objectsWithoutItem = { count: 1, keys: ['instances/c'] };

    expect(await problemsAfter({ objectsWithoutItem })).toEqual([
      '1 stored objects belong to no instance; see: gantry audit show',
    ]);
    expect(await problemsAfter({ unfinishedBecause: 'time' })).toEqual([
      'the daily audit of the stored images came to no end; see: gantry audit show',
    ]);
    expect(await problemsAfter({})).toEqual([]);
  });
});
