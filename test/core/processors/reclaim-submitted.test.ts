/** Instances of sessions that a job processor submitted or a person composed: how long they are kept, and by whom. */
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../core/contracts/day.ts';
import type { GroupItem, InstanceItem, SessionItem } from '../../../core/contracts/items.ts';
import { submitSession, type Submission } from '../../../core/processors/extension/submission.ts';
import { createHandOver } from '../../../core/processors/hand-over.ts';
import { instanceObjectKey } from '../../../core/processors/instance-object.ts';
import { runReclaimer } from '../../../core/processors/reclaim-run.ts';
import { anInstance } from '../../support/groups.ts';
import { memoryGroups } from '../../support/memory-groups.ts';
import { memoryReclaims, NOTHING_UNROUTED } from '../../support/memory-reclaims.ts';

const START = 1_700_000_000_000;
/** More than a hand-over pauses at most. */
const LATER_MS = 2 * 3_600_000;

/** Two studies of an AE title that does not group by itself, in keys of their own: 30 days of retention. */
const site = async () => {
  let now = START;
  const groups = memoryGroups();
  const reclaims = { ...memoryReclaims(groups), ...NOTHING_UNROUTED };
  const sessions = new Map<string, SessionItem>();
  const deleted = new Set<string>();
  const clock = (): number => now;
  const stored = (letter: string): InstanceItem => {
    const item = anInstance(
      { aeTitle: 'PAIR', keyId: letter.repeat(20) },
      `1.2.${parseInt(letter, 16)}`,
    );
    return { ...item, objectKey: instanceObjectKey(item) };
  };
  const [first, second] = [stored('a'), stored('b')];
  for (const item of [first, second]) await groups.putInstance(item);
  const deps = {
    ...{ groups, reclaims, clock, sessionMachineArn: 'machine' },
    aeTitles: { list: () => Promise.resolve([{ aeTitle: 'PAIR', retentionDays: 30 }]) },
    sessions: {
      createSession: (session: SessionItem) => {
        sessions.set(session.id, session);
        return Promise.resolve(true);
      },
      getSession: (id: string) => Promise.resolve(sessions.get(id)),
    },
    executions: { start: () => Promise.resolve('started' as const) },
    objects: {
      delete: (keys: readonly string[]) => {
        for (const key of keys) deleted.add(key);
        return Promise.resolve();
      },
    },
    pipelineExists: () => Promise.resolve(true),
    sleep: () => Promise.resolve(),
  };
  return {
    ...{ reclaims, sessions, deleted, first, second },
    /** Days since the start; a full run of the reclaimer, and another when every pause is over. */
    reclaimAt: async (day: number) => {
      now = START + day * DAY_MS;
      await runReclaimer(deps, { until: now + 1, isFull: true });
      now += LATER_MS;
      await runReclaimer(deps, { until: now + 1 });
    },
    reclaimNow: () => runReclaimer(deps, { until: now + 1 }),
    submitAt: async (
      day: number,
      because: Submission['because'],
      ...instances: InstanceItem[]
    ): Promise<GroupItem> => {
      now = START + day * DAY_MS;
      const { groupId, sessionId } = await submitSession(deps, {
        settings: { aeTitle: 'PAIR', processor: because === 'composed' ? 'cache' : 'pair' },
        groupBy: ['StudyInstanceUID'],
        ...{ because, name: `session ${day}`, pipelineId: 'p', priority: 'normal', instances },
      });
      const session = sessions.get(sessionId);
      if (session !== undefined) {
        sessions.set(sessionId, { ...session, state: 'SUCCEEDED', endedAt: now + 1 });
      }
      const group = groups.groupItems.get(groupId);
      if (group === undefined) throw new Error('there is no group');
      return group;
    },
    giveAway: (...instances: InstanceItem[]) =>
      createHandOver({ reclaims, clock }).instances(instances, { reason: 'person', by: 'PAIR' }),
    groupNow: (id: string) => groups.groupItems.get(id),
    /** A person asks for the session again; its first job has not begun. */
    announceAgain: async (session: SessionItem, ...keys: string[]) => {
      for (const key of keys) await reclaims.use(key, { sessionId: session.id, at: now });
    },
  };
};

describe('what a job processor submitted', () => {
  it('is kept for the retention of its AE title, and goes then, whatever keys it is of', async () => {
    const { submitAt, reclaimAt, deleted, first, second, groupNow } = await site();
    const { id } = await submitAt(0, 'submitted', first, second);

    await reclaimAt(29);
    expect(deleted.size).toBe(0);
    await reclaimAt(30);

    expect(deleted).toEqual(new Set([first.objectKey, second.objectKey]));
    expect(groupNow(id)).toMatchObject({ handedOver: { reason: 'retention', by: 'PAIR' } });
    expect(groupNow(id)?.reclaimedAt).toBeGreaterThan(START);
  });

  it('is kept as long as a later submission that has it too', async () => {
    const { submitAt, reclaimAt, deleted, first, second } = await site();
    await submitAt(0, 'submitted', first, second);
    await submitAt(20, 'submitted', second);

    await reclaimAt(30);
    expect(deleted).toEqual(new Set([first.objectKey]));
    await reclaimAt(50);

    expect(deleted).toContain(second.objectKey);
  });

  it('goes when two submissions of it are past their retention at the same time', async () => {
    const { submitAt, reclaimAt, deleted, first } = await site();
    await submitAt(0, 'submitted', first);
    await submitAt(1, 'submitted', first);

    await reclaimAt(31);

    expect(deleted).toContain(first.objectKey);
  });

  it('stays under a legal hold of one of its groups, before and after it was handed over', async () => {
    const { submitAt, reclaimAt, deleted, first, reclaims } = await site();
    const early = await submitAt(0, 'submitted', first);
    const late = await submitAt(1, 'submitted', first);
    await reclaims.setLegalHold(early, { reason: 'a claim', at: START });

    await reclaimAt(31);
    expect(deleted.size).toBe(0);
    await reclaims.setLegalHold(late, { reason: 'another', at: START });
    await reclaims.setLegalHold(early, undefined);
    await reclaimAt(32);
    expect(deleted.size).toBe(0);
    await reclaims.setLegalHold(late, undefined);
    await reclaimAt(33);

    expect(deleted).toContain(first.objectKey);
  });

  it('stays from when a person asks for its session again', async () => {
    const { submitAt, reclaimAt, reclaimNow, giveAway, announceAgain, deleted, first, sessions } =
      await site();
    await submitAt(0, 'submitted', first);
    await reclaimAt(1);
    const [session] = sessions.values();
    if (session === undefined) throw new Error('there is no session');

    await announceAgain(session, first.keyId);
    await giveAway(first);
    await reclaimNow();
    expect(deleted.size).toBe(0);
    sessions.set(session.id, { ...session, state: 'RUNNING', endedAt: undefined });
    await reclaimAt(1.2);
    expect(deleted.size).toBe(0);
    sessions.set(session.id, { ...session, endedAt: START + 2 * DAY_MS });
    await reclaimAt(2);

    expect(deleted).toContain(first.objectKey);
  });
});

describe('what a person composed of a cache', () => {
  it('is not taken by the retention of released groups: the cache has its own', async () => {
    const { submitAt, reclaimAt, giveAway, deleted, first } = await site();
    await submitAt(0, 'composed', first);

    await reclaimAt(400);
    expect(deleted.size).toBe(0);
    await giveAway(first);
    await reclaimAt(401);

    expect(deleted).toContain(first.objectKey);
  });

  it('stays under a legal hold of its group when the cache gives it away', async () => {
    const { submitAt, reclaimAt, giveAway, deleted, first, reclaims } = await site();
    const group = await submitAt(0, 'composed', first);
    // The session has ended, and the reclaimer has seen it.
    await giveAway(first);
    await reclaims.setLegalHold(group, { reason: 'a claim', at: START });

    await reclaimAt(1);
    await reclaimAt(2);
    expect(deleted.size).toBe(0);
    await reclaims.setLegalHold(group, undefined);
    await reclaimAt(3);

    expect(deleted).toContain(first.objectKey);
  });
});
