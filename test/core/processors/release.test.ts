/** The way from due to released: how many calls it takes in a row, and that none of its short cuts loses an instance. */
import { describe, expect, it } from 'vitest';
import { dueAt } from '../../../core/contracts/due-time.ts';
import type { GroupItem } from '../../../core/contracts/items.ts';
import type { GroupStore } from '../../../core/processors/group-store.ts';
import { manifestInstances } from '../../../core/processors/members.ts';
import { sealGroup } from '../../../core/processors/manifest.ts';
import { checkGroup, type CheckOutcome } from '../../../core/processors/stability.ts';
import { aGroup, anInstance, aManifest, dueThen } from '../../support/groups.ts';
import { memoryGroups, type MemoryGroups } from '../../support/memory-groups.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

const DUE = 1_010_000;
const CALL_MS = 100;

/** Each call takes a tenth of a second; `during` sees its name when it takes effect. */
const slowSite = (groups: MemoryGroups, start: number, during?: (call: string) => void) => {
  const time = new VirtualTime(start);
  const slow = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    await time.sleep(CALL_MS / 2);
    const answer = await call();
    during?.(name);
    await time.sleep(CALL_MS / 2);
    return answer;
  };
  const store = Object.fromEntries(
    Object.entries(groups)
      .filter((entry): entry is [string, (...args: unknown[]) => Promise<unknown>] => {
        return typeof entry[1] === 'function';
      })
      .map(([name, call]) => [name, (...args: unknown[]) => slow(name, () => call(...args))]),
  ) as unknown as GroupStore;
  const deps = {
    groups: store,
    clock: () => time.now,
    sleep: (milliseconds: number) => time.sleep(milliseconds),
    sendCheck: () => slow('sendCheck', () => Promise.resolve()),
    sessions: {
      createSession: () => slow('createSession', () => Promise.resolve(true)),
      getSession: () => Promise.reject(new Error('the session is new')),
    },
    executions: { start: () => slow('start', () => Promise.resolve('started' as const)) },
    sessionMachineArn: 'machine',
  };
  return { time, deps };
};

const openGroup = async (facts: Partial<GroupItem> = {}) => {
  const groups = memoryGroups();
  const group = aGroup({ keyValues: ['1.2.3'], ...dueThen(DUE), ...facts });
  await groups.open(group);
  await groups.putInstance(anInstance(group, '1.2.3.1'));
  return { groups, group };
};

const membersOf = ({ manifests }: MemoryGroups, { id }: GroupItem): string[] => {
  const manifest = manifests.get(id);
  return manifest === undefined
    ? []
    : manifestInstances(manifest).map(({ sopInstanceUid }) => sopInstanceUid);
};

describe('a group that is due', () => {
  it('is released after five calls in a row, of which the first closes it', async () => {
    const { groups, group } = await openGroup();
    const { time, deps } = slowSite(groups, DUE - 1600);
    const outcomes: CheckOutcome[] = [];

    void checkGroup(deps, { groupId: group.id }).then((outcome) => outcomes.push(outcome));
    await time.run(DUE + 60_000);

    expect(outcomes).toEqual(['released']);
    const released = groups.groupItems.get(group.id);
    expect(released).toMatchObject({ state: 'RELEASED', claimedAt: DUE });
    // Claimed; what it has is read; the manifest; the session; its execution.
    expect((released?.releasedAt ?? Infinity) - DUE).toBe(5 * CALL_MS);
    expect(groups.indexed.get(group.id)).toEqual(new Set(['1.2.3']));
  });

  it('is released as late when it has a hundred generations before it', async () => {
    const { groups, group } = await openGroup();
    const generations = Array.from({ length: 100 }, (_, index) => index + 1);
    for (const generation of generations) {
      const { keyValues } = group;
      const earlier = aGroup({ keyValues, generation, state: 'RELEASED' });
      groups.groupItems.set(earlier.id, earlier);
      const item = anInstance(earlier, `1.2.4.${generation}`);
      await groups.putInstance(item);
      await groups.sealManifest(aManifest(earlier, [item]));
    }
    const last = aGroup({ keyValues: group.keyValues, generation: 101, ...dueThen(DUE) });
    groups.groupItems.set(last.id, last);
    const { time, deps } = slowSite(groups, DUE - 1600);

    void checkGroup(deps, { groupId: last.id });
    await time.run(DUE + 60_000);

    const { state, releasedAt = Infinity } = groups.groupItems.get(last.id) ?? last;
    expect(state).toBe('RELEASED');
    expect(releasedAt - DUE).toBeLessThanOrEqual(8 * CALL_MS);
    expect(membersOf(groups, last)).toEqual(['1.2.3.1']);
  });

  it('is read once if nobody touches it while its check waits, and anew if somebody does', async () => {
    const { groups, group } = await openGroup();
    const calls: string[] = [];
    const { time, deps } = slowSite(groups, DUE - 1600, (call) => calls.push(call));
    const touchedUntil = DUE - 4500;
    time.at(DUE - 800, () => {
      void groups.touch(group.keyId, 1, {
        ...{ listener: 'b', promise: { until: touchedUntil, turn: 1 }, held: false },
        ...{ lastReceivedAt: DUE - 800, instances: 1 },
        touchedBy: { callingAeTitle: 'CT1', associationId: 'a1' },
      });
      void groups.putInstance(anInstance(group, '1.2.3.2', { receivedAt: DUE - 800 }));
    });

    void checkGroup(deps, { groupId: group.id });
    await time.run(DUE + 60_000);

    expect(calls.filter((call) => call === 'get')).toHaveLength(2);
    const released = groups.groupItems.get(group.id) ?? group;
    expect(dueAt(released)).toBeGreaterThan(DUE);
    expect(released.claimedAt).toBe(dueAt(released));
    expect(membersOf(groups, group)).toEqual(['1.2.3.1', '1.2.3.2']);
  });
});

describe('a manifest', () => {
  it('has an instance that came after the reads had begun and before all promises were over', async () => {
    const sealAfter = DUE + 600;
    const { groups, group } = await openGroup({ state: 'CLAIMED', claimedAt: DUE, sealAfter });
    const { time, deps } = slowSite(groups, DUE);
    time.at(DUE + 500, () => {
      void groups.putInstance(anInstance(group, '1.2.3.2', { receivedAt: DUE + 400 }));
    });

    void sealGroup(deps, group);
    await time.run(DUE + 60_000);

    expect(membersOf(groups, group)).toEqual(['1.2.3.1', '1.2.3.2']);
  });
});
