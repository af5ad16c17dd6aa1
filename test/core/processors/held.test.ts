/** A held generation to which nobody seems to belong, while a later one is sealed: closed as empty, or kept, and never both. */
import { describe, expect, it } from 'vitest';
import type { GroupItem, InstanceItem } from '../../../core/contracts/items.ts';
import { groupId } from '../../../core/contracts/keys.ts';
import type { GroupStore } from '../../../core/processors/group-store.ts';
import { collectingInstances } from '../../../core/processors/manifest.ts';
import { manifestInstances } from '../../../core/processors/members.ts';
import { checkGroup } from '../../../core/processors/stability.ts';
import { aGroup, anInstance, aManifest, dueThen } from '../../support/groups.ts';
import { violations } from '../../support/grouping-invariants.ts';
import { simulate } from '../../support/grouping-simulation.ts';
import { memoryGroups } from '../../support/memory-groups.ts';

const WINDOW_END = 1_020_000;
const NOW = 1_030_000;

/** One that is released, one that is held without members, one that was opened after the window. */
const heldBetween = async () => {
  const groups = memoryGroups();
  const facts = { keyValues: ['1.2.3'] };
  const first = aGroup({ ...facts, state: 'RELEASED', claimedAt: 1_006_100 });
  const held = aGroup({
    ...{ ...facts, generation: 2, late: 'hold', held: true, lateUntil: WINDOW_END },
    ...dueThen(1_015_000),
  });
  const last = aGroup({ ...facts, generation: 3, ...dueThen(1_040_000), openedAt: 1_021_000 });
  for (const group of [first, held, last]) await groups.open(group);
  const original = anInstance(first, '1.2.3.1');
  await groups.putInstance(original);
  await groups.sealManifest(aManifest(first, [original]));
  /** On its way since before the window ended; its touch was good for the last one. */
  const slow = anInstance(first, '1.2.3.2', { receivedAt: WINDOW_END - 1000 });
  return { groups, held, last, slow };
};

const stability = (groups: GroupStore) => ({
  groups,
  clock: () => NOW,
  sleep: () => Promise.reject(new Error('there is nothing to wait for')),
  sendCheck: () => Promise.reject(new Error('there is nothing to check again')),
  sessions: {
    createSession: () => Promise.reject(new Error('nothing is released')),
    getSession: () => Promise.reject(new Error('nothing is released')),
  },
  executions: { start: () => Promise.reject(new Error('nothing is released')) },
  sessionMachineArn: 'machine',
});

const idsOf = (keyId: string, generation: number) => ({ keyId, id: groupId(keyId, generation) });

const membersOf = async (groups: GroupStore, { id }: GroupItem): Promise<string[]> => {
  const manifest = await groups.manifest(id);
  return manifest === undefined
    ? []
    : manifestInstances(manifest).map(({ sopInstanceUid }) => sopInstanceUid);
};

describe('a held generation without members', () => {
  it('stays held when an instance was sealed into it before it was closed as empty', async () => {
    const { groups, held, last, slow } = await heldBetween();
    let raced = false;
    const racing: GroupStore = {
      ...groups,
      claim: async (group, claim) => {
        if (!raced) {
          raced = true;
          await groups.putInstance(slow);
          await collectingInstances(stability(groups), last);
        }
        return groups.claim(group, claim);
      },
    };

    const outcome = await checkGroup(stability(racing), { groupId: held.id });

    expect(raced).toBe(true);
    expect(outcome).toBe('held');
    expect(await groups.get(held.keyId, 2)).toMatchObject({ state: 'COLLECTING', held: true });
    expect(await membersOf(groups, held)).toEqual([slow.sopInstanceUid]);
  });

  it('gets no instance after it was closed as empty: the later generation has it', async () => {
    const { groups, held, last, slow } = await heldBetween();
    const outcomes: string[] = [];
    const racing: GroupStore = {
      ...groups,
      endWindow: async (group) => {
        if (outcomes.length === 0) {
          outcomes.push(await checkGroup(stability(groups), { groupId: held.id }));
          await groups.putInstance(slow);
        }
        return groups.endWindow(group);
      },
    };

    const members = await collectingInstances(stability(racing), last);

    expect(outcomes).toEqual(['released']);
    expect(members.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([slow.sopInstanceUid]);
    expect(await groups.get(held.keyId, 2)).toMatchObject({ closedBecause: 'empty', sessions: [] });
    expect(await membersOf(groups, held)).toEqual([]);
  });

  it('is closed as empty after its window as well, with what was sealed', async () => {
    const { groups, held, last } = await heldBetween();
    await collectingInstances(stability(groups), last);

    const outcome = await checkGroup(stability(groups), { groupId: held.id });

    expect(outcome).toBe('released');
    expect(await groups.get(held.keyId, 2)).toMatchObject({ closedBecause: 'empty', sessions: [] });
  });

  it('does not get a version that an earlier generation left out for a later one', async () => {
    const { groups, last } = await heldBetween();
    const key = aGroup({ keyValues: ['4.5.6'] });
    const left = anInstance(key, '4.5.6.1', { receivedAt: 1_003_000, replaces: true });
    const replacing: InstanceItem = {
      ...left,
      ...{ sha256: 'b'.repeat(64), objectKey: 'instances/later.dcm' },
      receivedAt: WINDOW_END + 2000,
    };
    for (const { generation, ...group } of await groups.generations(last.keyId)) {
      await groups.open({ ...group, ...idsOf(key.keyId, generation), generation });
    }
    await groups.putInstance(left);
    await groups.putInstance(replacing);
    await groups.sealManifest(aManifest(key, [replacing]));

    await collectingInstances(stability(groups), { ...last, ...idsOf(key.keyId, 3) });

    expect(groups.manifests.get(groupId(key.keyId, 2))?.series).toEqual([]);
  });

  it('breaks no rule in the scenario in which it once got such a version', async () => {
    const result = await simulate({
      ...{ seed: 270_010_585, listeners: 1, keys: 2, instances: 30, spreadMs: 12_000 },
      ...{ maxWaitSeconds: 8, resends: 0.03, slowCalls: 0.05, failedCalls: 0.05 },
      ...{ lostMessages: 0.06, repeatedMessages: 0.45, crashes: 0, manualReleases: 0.01 },
      ...{ late: 'hold', lateWindowSeconds: 10, declared: 20, onIncomplete: 'discard' },
      ...{ versions: 0.32, duplicates: 'replace', resendPolicy: 'restart' },
    });

    expect(violations(result)).toEqual([]);
  });
});
