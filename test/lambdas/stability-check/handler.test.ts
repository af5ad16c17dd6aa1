import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { GroupItem } from '../../../core/contracts/items.ts';
import { executionName, groupId, sessionId, shortHash } from '../../../core/contracts/keys.ts';
import { makeHandler } from '../../../lambdas/stability-check/handler.ts';
import { dueThen } from '../../support/groups.ts';
import { memoryGroups } from '../../support/memory-groups.ts';

const KEY = shortHash('key', 20);
const NOW = 1_000_000;

const aGroup = (generation: number, change: Partial<GroupItem> = {}): GroupItem => ({
  id: groupId(KEY, generation),
  keyId: KEY,
  generation,
  aeTitle: 'GANTRY',
  processor: 'ae-title',
  groupBy: ['PatientID'],
  keyValues: ['P1'],
  state: 'COLLECTING',
  priority: 'normal',
  pipelines: { lung: 'l', heart: 'h' },
  timeoutMs: 5000,
  openedAt: NOW - 6000,
  firstReceivedAt: NOW - 6000,
  lastReceivedAt: NOW - 6000,
  promises: { a: { until: NOW - 5100, turn: 1 } },
  version: 1,
  capAt: NOW + 3_600_000,
  instanceCount: 1,
  sessions: [],
  ...change,
});

const eventOf = (...bodies: unknown[]): SQSEvent => ({
  Records: bodies.map(
    (body, index) =>
      ({
        messageId: `m${index}`,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }) as SQSRecord,
  ),
});

const setUp = async (...open: GroupItem[]) => {
  const groups = memoryGroups();
  for (const group of open) await groups.open(group);
  await groups.putInstance({
    aeTitle: 'GANTRY',
    keyId: KEY,
    sopInstanceUid: '1.2.1',
    sopClassUid: '1.2',
    seriesInstanceUid: '1.3',
    studyInstanceUid: '1.4',
    patientId: 'P1',
    issuerOfPatientId: '',
    transferSyntaxUid: '1.2.840.10008.1.2',
    objectKey: 'o1',
    size: 1,
    sha256: 'a',
    callingAeTitle: 'CT',
    remoteAddress: '127.0.0.1',
    associationId: 'a',
    receivedAt: NOW - 6000,
    attributes: {},
  });
  let now = NOW;
  const sessions: string[] = [];
  const executions: string[] = [];
  const sent: { groupId: string; delay: number }[] = [];
  const logged: string[] = [];
  const deps = {
    groups,
    clock: () => now,
    sleep: (milliseconds: number) => {
      now += milliseconds;
      return Promise.resolve();
    },
    sendCheck: (check: { groupId: string }, delay: number) => {
      sent.push({ groupId: check.groupId, delay });
      return Promise.resolve();
    },
    sessions: {
      createSession: ({ id }: { id: string }) => {
        sessions.push(id);
        return Promise.resolve(true);
      },
      getSession: () => Promise.resolve(undefined),
    },
    executions: {
      start: (_machine: string, name: string) => {
        executions.push(name);
        return Promise.resolve('started' as const);
      },
    },
    sessionMachineArn: 'machine',
    logger: {
      info: () => undefined,
      warn: (...line: readonly unknown[]) => void logged.push(String(line[0])),
      error: (...line: readonly unknown[]) => void logged.push(String(line[0])),
    },
  };
  return { deps, groups, sessions, executions, sent, logged, now: () => now };
};

describe('stability-check', () => {
  it('releases a due group: manifest, a session and an execution per pipeline', async () => {
    const group = aGroup(1);
    const { deps, groups, sessions, executions } = await setUp(group);

    const answer = await makeHandler(deps)(eventOf({ groupId: group.id }));

    const ids = ['lung', 'heart'].map((name) => sessionId(group.id, name));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(sessions).toEqual(ids);
    expect(executions).toEqual(ids.map((id) => executionName(id, 1)));
    expect(groups.groupItems.get(group.id)).toMatchObject({
      state: 'RELEASED',
      closedBecause: 'quiet',
      instanceCount: 1,
      sessions: ids,
    });
    expect([...(groups.indexed.get(group.id) ?? [])]).toEqual(['1.4']);
  });

  it('waits out what is left when that is little', async () => {
    const group = aGroup(1, dueThen(NOW + 2400));
    const { deps, groups, now } = await setUp(group);

    await makeHandler(deps)(eventOf({ groupId: group.id }));

    expect(now()).toBe(NOW + 2400);
    expect(groups.groupItems.get(group.id)?.state).toBe('RELEASED');
  });

  it.each([
    [2600, 1],
    [5600, 4],
    [3_600_000, 900],
  ])('sends itself again when %d ms are left, %d s delayed', async (left, delay) => {
    const group = aGroup(1, dueThen(NOW + left));
    const { deps, sent, sessions } = await setUp(group);

    await makeHandler(deps)(eventOf({ groupId: group.id }));

    expect(sent).toEqual([{ groupId: group.id, delay }]);
    expect(sessions).toEqual([]);
  });

  it('seals a group that was cut off at its cap only when no listener can rely on a promise', async () => {
    const group = aGroup(1, { capAt: NOW, promises: { a: { until: NOW + 500, turn: 1 } } });
    const { deps, groups, now } = await setUp(group);

    await makeHandler(deps)(eventOf({ groupId: group.id }));

    expect(now()).toBe(NOW + 600);
    expect(groups.manifests.get(group.id)?.sealedAt).toBe(NOW + 600);
    expect(groups.groupItems.get(group.id)?.closedBecause).toBe('maxWait');
  });

  it('comes again for a group that may not be sealed yet, and waits out the last of it', async () => {
    const group = aGroup(1, { state: 'CLAIMED', claimedAt: NOW, sealAfter: NOW + 9500 });
    const soon = aGroup(1, { ...group, sealAfter: NOW + 2000 });
    const [early, late] = [await setUp(group), await setUp(soon)];

    await makeHandler(early.deps)(eventOf({ groupId: group.id }));
    await makeHandler(late.deps)(eventOf({ groupId: group.id }));

    expect(early.sent).toEqual([{ groupId: group.id, delay: 8 }]);
    expect(early.groups.manifests.size).toBe(0);
    expect(late.groups.manifests.get(group.id)?.sealedAt).toBe(NOW + 2000);
  });

  it('ends the check of a lease that was taken back when its listener leased the group again, and only then', async () => {
    const settled = { listener: 'a', turn: 2 };
    const promise = { until: NOW - 100, turn: 3 };
    const outcomes = [];
    for (const a of [{ ...promise, lease: true as const }, promise, { ...promise, turn: 2 }]) {
      const group = aGroup(1, { promises: { a } });
      const { deps, sent } = await setUp(group);
      await makeHandler(deps)(eventOf({ groupId: group.id, settled }));
      outcomes.push(sent);
    }

    const again = [{ groupId: groupId(KEY, 1), delay: 4 }];
    expect(outcomes).toEqual([[], again, again]);
  });

  it('finishes what another check has claimed, and leaves a released group alone', async () => {
    const group = aGroup(1, { state: 'CLAIMED', claimedAt: NOW, sealAfter: NOW });
    const { deps, sessions, groups } = await setUp(group);
    const handler = makeHandler(deps);

    await handler(eventOf({ groupId: group.id }));
    await handler(eventOf({ groupId: group.id }));

    expect(sessions).toHaveLength(2);
    expect(groups.groupItems.get(group.id)?.state).toBe('RELEASED');
  });

  it('seals an earlier generation first that nobody has sealed', async () => {
    const first = aGroup(1, { state: 'CLAIMED', claimedAt: NOW, sealAfter: NOW });
    const second = aGroup(2);
    const { deps, groups } = await setUp(first, second);

    await makeHandler(deps)(eventOf({ groupId: second.id }));

    expect(groups.manifests.get(first.id)?.series).toHaveLength(1);
    expect(groups.manifests.get(second.id)?.series).toEqual([]);
    expect(groups.groupItems.get(second.id)).toMatchObject({
      state: 'RELEASED',
      closedBecause: 'empty',
      sessions: [],
    });
  });

  it('leaves a held group to a person', async () => {
    const held = aGroup(1, { late: 'hold', held: true });
    const { deps, groups, sessions, sent } = await setUp(held);

    await makeHandler(deps)(eventOf({ groupId: held.id }));

    expect(groups.groupItems.get(held.id)).toEqual(held);
    expect([...sessions, ...sent]).toEqual([]);
  });

  it('closes a held group to which nobody belongs', async () => {
    const first = aGroup(1, { state: 'CLAIMED', claimedAt: NOW, sealAfter: NOW });
    const held = aGroup(2, { late: 'hold', held: true });
    const { deps, groups, sessions } = await setUp(first, held);

    await makeHandler(deps)(eventOf({ groupId: held.id }));

    expect(sessions).toEqual([]);
    expect(groups.groupItems.get(held.id)).toMatchObject({
      state: 'RELEASED',
      closedBecause: 'empty',
      held: false,
    });
  });

  it('repeats in a rerun what was released within the window, and says whom it supersedes', async () => {
    const first = aGroup(1);
    const { deps, groups } = await setUp(first);
    const handler = makeHandler(deps);
    await handler(eventOf({ groupId: first.id }));
    const [item] = groups.instanceItems.values();
    if (item === undefined) throw new Error('no instance');
    const rerun = aGroup(2, { late: 'rerun', lateWindowMs: 10_000 });
    const afresh = aGroup(3, { late: 'rerun', lateWindowMs: 100 });
    for (const [group, number] of [
      [rerun, 2],
      [afresh, 3],
    ] as const) {
      await groups.open(group);
      await groups.putInstance({
        ...item,
        sopInstanceUid: `1.2.${number}`,
        objectKey: `o${number}`,
      });
      await handler(eventOf({ groupId: group.id }));
    }

    const members = (group: GroupItem) =>
      groups.manifests
        .get(group.id)
        ?.series.flatMap(({ instances }) =>
          instances.map(({ objectKey, repeated }) => [objectKey, repeated ?? false]),
        );
    expect(members(rerun)).toEqual([
      ['o1', true],
      ['o2', false],
    ]);
    expect(groups.groupItems.get(rerun.id)).toMatchObject({
      instanceCount: 2,
      supersedes: first.id,
    });
    expect(groups.manifests.get(rerun.id)?.supersedes).toBe(first.id);
    expect(members(afresh)).toContainEqual(['o3', false]);
  });

  it('runs the default pipeline when the AE title names none', async () => {
    const group = aGroup(1, { pipelines: {} });
    const { deps, sessions } = await setUp(group);

    await makeHandler(deps)(eventOf({ groupId: group.id }));

    expect(sessions).toEqual([sessionId(group.id, 'default')]);
  });

  it('goes on where a release failed: a pipeline whose session was started has no other one', async () => {
    const group = aGroup(1);
    const { deps, groups } = await setUp(group);
    const sessions = new Set<string>();
    const executions = new Map<string, number>();
    let failures = 1;
    const failing = {
      ...deps,
      sessions: {
        ...deps.sessions,
        createSession: ({ id }: { id: string }) => {
          const isNew = !sessions.has(id);
          sessions.add(id);
          return Promise.resolve(isNew);
        },
      },
      executions: {
        start: (_machine: string, name: string) => {
          const isHeart = name === executionName(sessionId(group.id, 'heart'), 1);
          if (isHeart && failures-- > 0) return Promise.reject(new Error('throttled'));
          executions.set(name, (executions.get(name) ?? 0) + 1);
          return Promise.resolve('started' as const);
        },
      },
    };

    const failed = await makeHandler(failing)(eventOf({ groupId: group.id }));
    expect(groups.groupItems.get(group.id)?.state).toBe('CLAIMED');
    const retried = await makeHandler(failing)(eventOf({ groupId: group.id }));

    expect(failed.batchItemFailures).toHaveLength(1);
    expect(retried.batchItemFailures).toEqual([]);
    // Asked for again by the same name, an execution that there is stays the only one.
    const ids = ['lung', 'heart'].map((name) => sessionId(group.id, name));
    expect([...sessions]).toEqual(ids);
    expect(new Set(executions.keys())).toEqual(new Set(ids.map((id) => executionName(id, 1))));
    expect(groups.groupItems.get(group.id)).toMatchObject({ state: 'RELEASED', sessions: ids });
  });

  it('acknowledges nonsense, with a line in the log', async () => {
    const { deps, logged } = await setUp();

    const answer = await makeHandler(deps)(
      eventOf('{', { other: 1 }, { groupId: 'x' }, { groupId: groupId(KEY, 7) }),
    );

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(logged).toHaveLength(4);
  });

  it('gives back only the message whose group failed', async () => {
    const [first, second] = [aGroup(1), aGroup(1, { keyId: shortHash('other', 20) })];
    const other = { ...second, id: groupId(second.keyId, 1) };
    const { deps, groups } = await setUp(first, other);
    const broken = {
      ...deps,
      groups: {
        ...groups,
        claim: (...args: Parameters<typeof groups.claim>) =>
          args[0].keyId === KEY ? groups.claim(...args) : Promise.reject(new Error('throttled')),
      },
    };

    const answer = await makeHandler(broken)(eventOf({ groupId: first.id }, { groupId: other.id }));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(groups.groupItems.get(first.id)?.state).toBe('RELEASED');
  });
});
