import { describe, expect, it } from 'vitest';
import type { StorageAuditItem } from '../../../core/contracts/storage-audit.ts';
import { makeHandler } from '../../../lambdas/reclaim/handler.ts';
import { recordedLogs } from '../../support/logs.ts';
import { memoryObjects } from '../../support/memory-cloud.ts';
import { memoryGroups } from '../../support/memory-groups.ts';
import { memoryReclaims, NOTHING_UNROUTED } from '../../support/memory-reclaims.ts';
import { memorySessions } from '../../support/memory-sessions.ts';

const OBJECT = 'instances/00/GANTRY/1.2/1.2.3/1.2.3.4-00-00.dcm';

const site = () => {
  const groups = memoryGroups();
  const kept: StorageAuditItem[] = [];
  const { logger, entries } = recordedLogs();
  const objects = memoryObjects();
  const deps = {
    groups,
    reclaims: { ...memoryReclaims(groups), ...NOTHING_UNROUTED },
    sessions: memorySessions(),
    objects,
    listing: objects,
    aeTitles: { list: () => Promise.resolve([]) },
    inventory: {
      eachItem: () => Promise.resolve(),
      eachObject: (take: (page: { key: string; modifiedAt: number }[]) => void) => {
        take([{ key: OBJECT, modifiedAt: 0 }]);
        return Promise.resolve();
      },
    },
    keepAudit: (audit: StorageAuditItem) => {
      kept.push(audit);
      return Promise.resolve();
    },
    clock: () => 1_700_000_000_000,
    logger,
  };
  return { deps, kept, entries };
};

describe('the reclaimer Lambda', () => {
  it('audits nothing in the run of each minute', async () => {
    const { deps, kept } = site();
    await makeHandler(deps)({ 'detail-type': 'Scheduled Event', detail: {} });

    expect(kept).toEqual([]);
  });

  it('deletes environments that nobody uses once a day, and leaves those that are used', async () => {
    const { deps } = site();
    const { stored, modifiedAt } = deps.objects;
    stored.set('environments/old/environment.json', {});
    stored.set('environments/new/environment.json', {});
    modifiedAt.set('environments/new/environment.json', deps.clock());

    await makeHandler(deps)({});
    expect([...stored.keys()]).toHaveLength(2);
    await makeHandler(deps)({ daily: true });
    expect([...stored.keys()]).toEqual(['environments/new/environment.json']);
  });

  it('keeps what its daily audit found, and logs no key of it', async () => {
    const { deps, kept, entries } = site();
    await makeHandler(deps)({ daily: true });

    expect(kept).toMatchObject([{ objects: 1, objectsWithoutItem: { count: 1, keys: [OBJECT] } }]);
    expect(JSON.stringify(entries)).toContain('"objectsWithoutItem":1');
    expect(JSON.stringify(entries)).not.toContain('1.2.3.4');
  });
});
