/**
 * Listeners that receive the same few instances again and again, releases, sessions that run, end, run again and
 * are composed, hand-overs, legal holds, and reclaimers that are killed between any two of their steps, interleaved
 * as a seed decides: the rules of grouping and of reclaiming as they are, on stores in memory. An object that is
 * put or deleted is so at one moment of a call; a killed program's last call may have been made or not.
 */
import type { InstanceItem, SessionItem } from '../../core/contracts/items.ts';
import { groupKeyId, sessionId } from '../../core/contracts/keys.ts';
import { createAdmission } from '../../core/processors/admission.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import { createHandOver } from '../../core/processors/hand-over.ts';
import { instanceObjectKey } from '../../core/processors/instance-object.ts';
import { manifestInstances, memberId } from '../../core/processors/members.ts';
import { claimGroup, releaseGroup } from '../../core/processors/release.ts';
import { PURGE_AFTER_MS, reclaimHandOver } from '../../core/processors/reclaim.ts';
import type { ReclaimStore } from '../../core/processors/reclaim-store.ts';
import { isTerminalSessionState } from '../../core/running/states.ts';
import { simulatedInstance, simulatedSettings } from './grouping-scenario.ts';
import { seeded } from '../../bench/scale/random.ts';
import { interleaving } from './interleaving.ts';
import { memoryGroups } from './memory-groups.ts';
import { memoryReclaims } from './memory-reclaims.ts';

/** What is taken out of the rules to see whether the test notices. */
export interface ReclaimMutation {
  /** The reclaimer dooms without a look at what began meanwhile. */
  readonly withoutFence?: boolean;
  /** What arrives again is put under the old object's key. */
  readonly oneIncarnation?: boolean;
  readonly withoutUse?: boolean;
}

const KEY = ['P1'];
const ROUNDS = 6;

type Gate = () => Promise<void>;

/** Sentences that say what went wrong; none when every promise was kept. */
export const simulateReclaiming = async (
  seed: number,
  mutation: ReclaimMutation = {},
): Promise<string[]> => {
  const random = seeded(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const found = new Set<string>();
  let now = 1_000_000;
  const clock = (): number => now;
  const groups = memoryGroups();
  const reclaims = memoryReclaims(groups);
  const objects = new Set<string>();
  const sessions = new Map<string, SessionItem>();
  const composed = new Map<string, readonly string[]>();
  const acknowledged = new Set<string>();
  const settings = simulatedSettings(
    {
      ...{
        seed,
        listeners: 1,
        keys: 1,
        instances: 1,
        spreadMs: 1,
        maxWaitSeconds: 3600,
        resends: 0,
        declared: 0,
        onIncomplete: 'run' as const,
        versions: 0,
        duplicates: 'keepBoth' as const,
        resendPolicy: 'acknowledge' as const,
      },
      ...{ slowCalls: 0, failedCalls: 0, lostMessages: 0, repeatedMessages: 0, crashes: 0 },
      ...{ manualReleases: 0, late: (['new', 'rerun'] as const)[pick(2)] ?? 'new' },
      lateWindowSeconds: 86_400,
    },
    5000,
  );
  const keyId = groupKeyId(settings.aeTitle, settings.groupBy, KEY);

  /** Each call of a store is a step; what it does happens at once when its turn comes. */
  const gated = <T extends object>(store: T, gate: Gate): T =>
    Object.fromEntries(
      Object.entries(store).map(([name, member]) => [
        name,
        typeof member === 'function'
          ? async (...args: unknown[]) => {
              await gate();
              return (member as (...all: unknown[]) => Promise<unknown>)(...args);
            }
          : member,
      ]),
    ) as T;

  /** What open groups will have, and running sessions read, is there. */
  const check = (): void => {
    const missing = (what: string, keys: Iterable<string>): void => {
      for (const key of keys) if (!objects.has(key)) found.add(`${what} lacks an object`);
    };
    for (const session of sessions.values()) {
      if (isTerminalSessionState(session.state)) continue;
      const manifest = groups.manifests.get(session.groupId);
      const own = manifest === undefined ? [] : manifestInstances(manifest);
      const keys = composed.get(session.id) ?? own.map(({ objectKey }) => objectKey);
      missing('a running session', keys);
    }
    for (const item of groups.instanceItems.values()) {
      const id = `${item.sopInstanceUid} ${memberId(item)}`;
      if (item.doomedAt === undefined && acknowledged.has(id)) {
        missing('an acknowledged instance', [item.objectKey]);
      }
    }
    for (const group of groups.groupItems.values()) {
      const manifest = groups.manifests.get(group.id);
      if (group.legalHold === undefined || manifest === undefined) continue;
      if (group.reclaimedAt === undefined) {
        const alive = heldWhole.get(group.id) ?? [];
        missing('a group on hold', alive);
      }
    }
  };
  const heldWhole = new Map<string, readonly string[]>();

  const receive = async (gate: Gate, number: number): Promise<void> => {
    const store = gated(groups, gate);
    const toucher = createGroupToucher({
      ...{ groups: store, clock, sendCheck: () => Promise.resolve(), limit: (call) => call },
      onCheckNotSent: () => undefined,
    });
    const { admit } = createAdmission({ groups: store, toucher });
    const received = simulatedInstance(keyId, number, KEY[0] ?? '', clock());
    for (let incarnation: number | undefined; ;) {
      const place = incarnation === undefined ? {} : { incarnation };
      const under = mutation.oneIncarnation === true ? {} : place;
      const objectKey = instanceObjectKey({ ...received, ...under });
      await gate();
      objects.add(objectKey);
      const item: InstanceItem = { ...received, ...place, objectKey };
      const admission = await admit(item, { keyId, keyValues: KEY }, settings);
      if (admission.outcome === 'doomed') {
        incarnation = admission.incarnation + 1;
        continue;
      }
      const kept = await groups.getInstance(keyId, item.sopInstanceUid, item.sha256);
      if (admission.outcome === 'grouped' && kept !== undefined) {
        acknowledged.add(`${kept.sopInstanceUid} ${memberId(kept)}`);
      }
      return;
    }
  };

  const release = async (gate: Gate): Promise<void> => {
    const deps = {
      groups: gated(groups, gate),
      clock,
      sleep: () => Promise.resolve(),
      sessions: {
        createSession: async (session: SessionItem) => {
          await gate();
          if (sessions.has(session.id)) return false;
          sessions.set(session.id, session);
          return true;
        },
        getSession: async (id: string) => {
          await gate();
          return sessions.get(id);
        },
      },
      executions: { start: () => Promise.resolve('started' as const) },
      sessionMachineArn: 'machine',
    };
    for (const group of [...groups.groupItems.values()]) {
      if (group.state === 'CLAIMED') await releaseGroup(deps, group);
      if (group.state !== 'COLLECTING') continue;
      const claimed = await claimGroup(deps, group, { reason: 'manual' });
      // A listener may still rely on its touch: what it stores comes into this group or the next.
      if (claimed !== undefined) await releaseGroup(deps, claimed);
    }
  };

  const end = (session: SessionItem): void => {
    sessions.set(session.id, { ...session, state: 'SUCCEEDED' });
  };
  const endSessions = async (gate: Gate): Promise<void> => {
    for (const session of [...sessions.values()]) {
      await gate();
      if (random() < 0.7) end(sessions.get(session.id) ?? session);
    }
  };

  /** A session of what is there, by a person. */
  const compose = async (gate: Gate, number: number): Promise<void> => {
    const id = sessionId(`composed-${number}`, 'p');
    if (mutation.withoutUse !== true) {
      await gated(reclaims, gate).use(keyId, { sessionId: id, at: clock() });
    }
    const items = await gated(groups, gate).instances(keyId);
    await gate();
    composed.set(
      id,
      items
        .filter((item) => acknowledged.has(`${item.sopInstanceUid} ${memberId(item)}`))
        .map(({ objectKey }) => objectKey),
    );
    sessions.set(id, {
      ...{ id, groupId: `composed-${number}`, aeTitle: 'GANTRY', pipeline: 'p', pipelineName: 'p' },
      ...{ priority: 'normal', state: 'PLANNING', run: 1, createdAt: clock() },
      ...{ studies: [], instanceCount: items.length },
    });
  };

  const hold = async (gate: Gate): Promise<void> => {
    const released = [...groups.groupItems.values()].filter(
      ({ state, handedOver }) => state === 'RELEASED' && handedOver === undefined,
    );
    const group = released[pick(released.length)];
    if (group === undefined) return;
    await gated(reclaims, gate).setLegalHold(group, { reason: 'a study', at: clock() });
    const manifest = groups.manifests.get(group.id);
    const members = manifest === undefined ? [] : manifestInstances(manifest);
    const alive = new Set(
      [...groups.instanceItems.values()].flatMap((item) =>
        item.doomedAt === undefined ? [memberId(item)] : [],
      ),
    );
    heldWhole.set(
      group.id,
      members.filter((one) => alive.has(memberId(one))).map(({ objectKey }) => objectKey),
    );
  };

  const giveAway = async (gate: Gate): Promise<void> => {
    const handOver = createHandOver({ reclaims: gated(reclaims, gate), clock });
    for (const group of [...groups.groupItems.values()]) {
      if (random() < 0.6) await handOver.group(group, { reason: 'retention', by: 'GANTRY' });
    }
    const some = [...groups.instanceItems.values()].filter(() => random() < 0.2);
    await handOver.instances(some, { reason: 'processor', by: 'sampler' });
  };

  const reclaim = async (gate: Gate): Promise<void> => {
    const store = gated(reclaims, gate);
    const loose: ReclaimStore['doom'] = async (key, expected, instances, at) => {
      const fence = mutation.withoutFence === true ? await reclaims.fence(key) : expected.fence;
      await gate();
      return reclaims.doom(key, { ...expected, fence }, instances, at);
    };
    const deps = {
      reclaims: { ...store, doom: loose } as unknown as ReclaimStore,
      groups: gated(groups, gate),
      sessions: {
        getSession: async (id: string) => {
          await gate();
          return sessions.get(id);
        },
      },
      objects: {
        delete: async (keys: readonly string[]) => {
          for (const key of keys) {
            await gate();
            objects.delete(key);
          }
        },
      },
      clock,
    };
    for (const item of await store.dueHandOvers(clock(), 100)) await reclaimHandOver(deps, item);
  };

  const together = async (
    programs: readonly ((gate: Gate) => Promise<void>)[],
    killing: number,
  ): Promise<void> => {
    const run = interleaving(random, () => random() < killing);
    for (const program of programs) {
      run.start(
        async (gate) => {
          const checked = async (): Promise<void> => {
            await gate();
            now += 1;
          };
          try {
            await program(checked);
          } finally {
            check();
          }
        },
        () => undefined,
      );
    }
    await run.run();
    check();
  };

  for (let round = 0; round < ROUNDS; round += 1) {
    const programs = [
      ...Array.from({ length: 1 + pick(3) }, () => (gate: Gate) => receive(gate, pick(3))),
      ...(random() < 0.7 ? [release] : []),
      ...(random() < 0.7 ? [endSessions] : []),
      ...(random() < 0.6 ? [giveAway] : []),
      ...(random() < 0.5 ? [(gate: Gate) => compose(gate, round)] : []),
      ...(random() < 0.2 ? [hold] : []),
      ...Array.from({ length: 1 + pick(2) }, () => reclaim),
    ];
    await together(programs, 0.02);
    // Mostly soon, sometimes after every pause and purge.
    now += random() < 0.4 ? 2 * PURGE_AFTER_MS : 61_000;
  }

  // In the end everybody comes to an end, and everything that was handed over goes.
  const quiet = (program: (gate: Gate) => Promise<void>): Promise<void> =>
    program(() => Promise.resolve());
  for (let again = 0; again < 4; again += 1) await quiet(release);
  for (const session of sessions.values()) end(session);
  for (const group of groups.groupItems.values()) {
    if (group.legalHold !== undefined) await reclaims.setLegalHold(group, undefined);
  }
  heldWhole.clear();
  const handOver = createHandOver({ reclaims, clock });
  for (const group of groups.groupItems.values())
    await handOver.group(group, { reason: 'retention', by: 'GANTRY' });
  for (let again = 0; again < 6; again += 1) {
    now += 2 * PURGE_AFTER_MS;
    await quiet(reclaim);
    check();
  }
  if (reclaims.handOvers.size > 0) found.add('a hand-over is never done');
  for (const item of groups.instanceItems.values()) {
    if (!objects.has(item.objectKey)) found.add('an item points at no object for ever');
    if (acknowledged.has(`${item.sopInstanceUid} ${memberId(item)}`)) {
      found.add('an acknowledged instance that was handed over is still there');
    }
  }
  return [...found];
};
