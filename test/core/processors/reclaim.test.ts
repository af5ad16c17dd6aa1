/** One moment of the reclaimer's work at a time: what comes between its look and its taking. */
import { describe, expect, it } from 'vitest';
import type { GroupItem, InstanceItem } from '../../../core/contracts/items.ts';
import { reclaimHandOver } from '../../../core/processors/reclaim.ts';
import type { ReclaimStore } from '../../../core/processors/reclaim-store.ts';
import { aGroup, aManifest, anInstance } from '../../support/groups.ts';
import { memoryGroups } from '../../support/memory-groups.ts';
import { memoryReclaims } from '../../support/memory-reclaims.ts';

const NOW = 1_700_000_000_000;

/**
 * The reclaimer at work on a released group, and a late instance at the moment before it takes anything: the next
 * generation is opened, repeats the group's instances, and is released to a session. Gives the objects that are deleted.
 */
const lateInstanceInBetween = async (
  doomAs: (expected: { fence: number; newest: number }) => { fence: number; newest: number },
) => {
  const groups = memoryGroups();
  const reclaims = memoryReclaims(groups);
  const release = async (group: GroupItem, items: readonly InstanceItem[]): Promise<void> => {
    await groups.open({ ...group, state: 'CLAIMED' });
    await groups.sealManifest(aManifest(group, [...items]));
    await groups.release(group, {
      ...{ releasedAt: NOW, instanceCount: items.length, closedBecause: 'quiet', sessions: [] },
      ...{ firstReceivedAt: NOW, lastReceivedAt: NOW },
    });
  };
  const first = aGroup({ keyValues: ['P1'] });
  const early = anInstance(first, '1.2.1');
  await groups.putInstance(early);
  await release(first, [early]);
  const deleted: string[] = [];

  const doom: ReclaimStore['doom'] = async (keyId, expected, instances, at) => {
    const late = anInstance(first, '1.2.2');
    await groups.putInstance(late);
    await release(aGroup({ keyValues: ['P1'], generation: 2 }), [early, late]);
    return reclaims.doom(keyId, doomAs(expected), instances, at);
  };
  const outcome = await reclaimHandOver(
    {
      reclaims: { ...reclaims, doom } as unknown as ReclaimStore,
      groups,
      sessions: { getSession: () => Promise.resolve(undefined) },
      objects: {
        delete: (keys) => {
          deleted.push(...keys);
          return Promise.resolve();
        },
      },
      clock: () => NOW,
    },
    {
      ...{ id: first.id, keyId: first.keyId, aeTitle: first.aeTitle, groupId: first.id },
      handedOver: { reason: 'retention', by: 'GANTRY', at: NOW },
      ...{ dueAt: NOW, attempts: 0 },
    },
  );
  return { outcome, deleted, early };
};

describe('a generation that is opened while the reclaimer is at work', () => {
  it('keeps the instances that it repeats: nothing is taken, and the reclaimer looks again', async () => {
    const { outcome, deleted } = await lateInstanceInBetween((expected) => expected);

    expect(outcome).toEqual({ outcome: 'waiting', for: 'changed' });
    expect(deleted).toEqual([]);
  });

  it('would lose them if the reclaimer did not ask for it', async () => {
    const { deleted, early } = await lateInstanceInBetween((expected) => ({
      ...expected,
      newest: Infinity,
    }));

    expect(deleted).toContain(early.objectKey);
  });
});
