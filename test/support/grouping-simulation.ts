/**
 * Listeners, checks, sweeps and people who release by hand, all at once, with slow and failing calls, crashes,
 * lost and repeated messages and clocks that differ: the rules of grouping run in it as they are, in virtual
 * time, on a store whose calls take effect somewhere between their start and their end.
 */
import { seeded } from '../../bench/scale/random.ts';
import { groupKeyId } from '../../core/contracts/keys.ts';
import type { StabilityCheck } from '../../core/contracts/messages.ts';
import { createAdmission } from '../../core/processors/admission.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import {
  createGroupToucher,
  TouchTimedOut,
  type GroupToucher,
} from '../../core/processors/group-toucher.ts';
import { releaseByHand } from '../../core/processors/manual-release.ts';
import { claimGroup, releaseGroup } from '../../core/processors/release.ts';
import { checkGroup, sweepGroups } from '../../core/processors/stability.ts';
import {
  CallFailed,
  simulatedInstance,
  simulatedSettings,
  type Mutation,
  type Scenario,
  type SimulationResult,
} from './grouping-scenario.ts';
import { memoryGroups } from './memory-groups.ts';
import { simulatedStore } from './simulated-store.ts';
import { VirtualTime } from './virtual-time.ts';

const START = 1_000_000;
export const TIMEOUT_MS = 5000;
export const SWEEP_EVERY_MS = 60_000;
export const VISIBILITY_MS = 30_000;
const MAX_CLOCK_OFFSET_MS = 50;

export const simulate = async (
  scenario: Scenario,
  mutation: Mutation = {},
): Promise<SimulationResult> => {
  const random = seeded(scenario.seed);
  const chance = (probability: number): boolean => random() < probability;
  const between = (low: number, high: number): number =>
    Math.floor(low + random() * (high - low + 1));
  const time = new VirtualTime(START);
  const shared = memoryGroups();
  const acknowledged: SimulationResult['acknowledged'][number][] = [];
  const claims: SimulationResult['claims'][number][] = [];
  const heldToTheEnd: string[] = [];
  let touches = 0;
  const sessions = new Map<string, number>();
  const executions = new Map<string, number>();
  const end = START + scenario.spreadMs + 1_200_000;
  const faultsEnd = START + scenario.spreadMs + 60_000;
  const faults = (): boolean => time.now < faultsEnd;

  interface Process {
    alive: boolean;
    readonly clock: () => number;
  }
  const newProcess = (): Process => {
    const most = mutation.clockOffsetMs ?? MAX_CLOCK_OFFSET_MS;
    const offset = between(-most, most);
    return { alive: true, clock: () => time.now + offset };
  };
  const gone = new Promise<never>(() => undefined);

  const pause = async (process: Process): Promise<void> => {
    const slow = faults() && chance(scenario.slowCalls);
    await time.sleep(slow ? between(300, 4000) : between(1, 15));
    if (!process.alive) await gone;
  };
  /** A call over the network: it takes effect at one moment of it, or not at all, and may fail either way. */
  const remote = async <T>(process: Process, effect: () => Promise<T>): Promise<T> => {
    await pause(process);
    const fails = faults() && chance(scenario.failedCalls);
    if (fails && chance(0.5)) {
      // It fails for the caller, and takes effect all the same, some time later.
      if (chance(0.5)) time.at(time.now + between(100, 6000), () => void effect());
      throw new CallFailed();
    }
    const answer = await effect();
    await pause(process);
    if (fails) throw new CallFailed();
    return answer;
  };

  const storeOf = (process: Process): GroupStore =>
    simulatedStore({
      ...{ shared, mutation, random },
      remote: (effect) => remote(process, effect),
      touched: () => {
        touches += 1;
      },
      claimed: (group, because) => {
        claims.push({ group, at: time.now, because });
      },
    });

  const stability = (process: Process) => ({
    groups: storeOf(process),
    clock: process.clock,
    sleep: async (milliseconds: number) => {
      await time.sleep(milliseconds);
      if (!process.alive) await gone;
    },
    sendCheck: (check: StabilityCheck, delaySeconds: number) =>
      remote(process, () => {
        if (mutation.settledChecksEnd === true && check.settled !== undefined) {
          return Promise.resolve();
        }
        send(check, delaySeconds * 1000);
        return Promise.resolve();
      }),
    sessions: {
      createSession: ({ id }: { id: string }) =>
        remote(process, () => {
          const isNew = !sessions.has(id);
          if (isNew) sessions.set(id, time.now);
          return Promise.resolve(isNew);
        }),
      getSession: () => remote(process, () => Promise.resolve(undefined)),
    },
    executions: {
      start: (_machine: string, name: string) =>
        remote(process, () => {
          const isNew = !executions.has(name);
          if (isNew) executions.set(name, time.now);
          return Promise.resolve(isNew ? ('started' as const) : ('exists' as const));
        }),
    },
    sessionMachineArn: 'machine',
  });

  /** At least once, unless it is lost altogether. */
  const deliver = (check: StabilityCheck, delayMs: number): void => {
    time.at(time.now + delayMs + between(0, 30), () => {
      const lambda = newProcess();
      if (faults() && chance(scenario.crashes)) {
        time.at(time.now + between(0, 3500), () => {
          lambda.alive = false;
        });
      }
      let handled = false;
      checkGroup(stability(lambda), check).then(
        () => (handled = true),
        () => undefined,
      );
      time.at(time.now + VISIBILITY_MS, () => {
        if (!handled) deliver(check, 0);
      });
    });
  };
  const send = (check: StabilityCheck, delayMs: number): void => {
    if (faults() && chance(scenario.lostMessages)) return;
    deliver(check, delayMs);
    if (chance(scenario.repeatedMessages)) deliver(check, delayMs + between(0, 5000));
  };

  const settings = simulatedSettings(scenario, TIMEOUT_MS);

  const newListener = () => {
    const process = newProcess();
    const groups = storeOf(process);
    const toucher: GroupToucher = createGroupToucher({
      groups,
      clock: process.clock,
      limit: (call, limitMs) =>
        Promise.race([
          call,
          time.sleep(limitMs).then(() => {
            throw new TouchTimedOut();
          }),
        ]),
      sendCheck: (check, delaySeconds) =>
        remote(process, () => {
          send(check, delaySeconds * 1000);
          return Promise.resolve();
        }),
      onCheckNotSent: () => undefined,
      later: (delayMs, work) => {
        if (mutation.noSettle === true) return;
        time.at(time.now + delayMs, () => {
          if (process.alive) begin(work());
        });
      },
      ...(mutation.relies === undefined ? {} : { relies: mutation.relies }),
    });
    const untouched: GroupToucher = {
      ensureTouched: () => Promise.resolve(1),
      settle: () => Promise.resolve(),
    };
    const used = mutation.itemWithoutTouch === true && chance(0.1) ? untouched : toucher;
    return { process, toucher, admit: createAdmission({ groups, toucher: used }).admit };
  };
  const listeners = Array.from({ length: scenario.listeners }, newListener);

  /** `version` tells other bytes of the same SOP instance. */
  const receive = async (listenerIndex: number, number: number, version: string): Promise<void> => {
    const listener = listeners[listenerIndex];
    if (listener === undefined) return;
    const keyValues = [`P${number % scenario.keys}`];
    const keyId = groupKeyId(settings.aeTitle, settings.groupBy, keyValues);
    const first = simulatedInstance(keyId, number, keyValues[0] ?? '', listener.process.clock());
    const item = {
      ...first,
      ...{ sha256: `${first.sha256}${version}`, objectKey: `${first.objectKey}${version}` },
      ...(scenario.duplicates === 'replace' ? { replaces: true as const } : {}),
    };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        const { outcome } = await listener.admit(item, { keyId, keyValues }, settings);
        if (outcome === 'doomed') throw new Error('nothing is reclaimed here');
        acknowledged.push({ keyId, objectKey: item.objectKey, at: time.now, outcome });
        return;
      } catch (error) {
        if (!(error instanceof CallFailed || error instanceof TouchTimedOut)) throw error;
      }
    }
  };

  const unexpected: unknown[] = [];
  const begin = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      if (!(error instanceof CallFailed)) unexpected.push(error);
    });
  };
  for (let number = 0; number < scenario.instances; number += 1) {
    const at = START + between(0, scenario.spreadMs);
    const arrive = (moment: number, version: string): void => {
      time.at(moment, () => {
        begin(receive(between(0, scenario.listeners - 1), number, version));
      });
    };
    arrive(at, '');
    if (chance(scenario.resends)) arrive(at + between(0, 15_000), '');
    if (chance(scenario.versions)) arrive(at + between(0, 15_000), 'b');
  }
  listeners.forEach((listener, index) => {
    if (!chance(scenario.crashes)) return;
    time.at(START + between(0, scenario.spreadMs), () => {
      listeners[index] = newListener();
      // Killed, or told to end.
      if (chance(0.5)) listener.process.alive = false;
      else begin(listener.toucher.settle());
    });
  });
  for (let at = START; at < START + scenario.spreadMs; at += 1000) {
    if (!chance(scenario.manualReleases)) continue;
    time.at(at + between(0, 999), () => {
      const person = stability(newProcess());
      const hasty = { ...person, sleep: () => Promise.resolve() };
      const open = [...shared.groupItems.values()].filter(({ state }) => state === 'COLLECTING');
      for (const group of open) {
        begin(
          mutation.sealAtOnce === true
            ? claimGroup(hasty, group, { reason: 'manual' }).then((claimed) =>
                claimed === undefined ? undefined : releaseGroup(hasty, claimed),
              )
            : releaseByHand(person, group.id),
        );
      }
    });
  }
  // What is held waits for as long as it takes: here, until somebody looks at it in the end.
  for (let at = end - 600_000; at < end - 300_000; at += 100_000) {
    time.at(at, () => {
      const held = [...shared.groupItems.values()].filter((group) => group.held === true);
      if (at === end - 600_000) heldToTheEnd.push(...held.map(({ id }) => id));
      for (const { id } of held) begin(releaseByHand(stability(newProcess()), id));
    });
  }
  for (let at = START + SWEEP_EVERY_MS; at < end; at += SWEEP_EVERY_MS) {
    if (mutation.noSweep === true) break;
    time.at(at, () => {
      begin(sweepGroups(stability(newProcess())));
    });
  }

  await time.run(end);
  if (unexpected.length > 0) throw unexpected[0] as Error;
  return {
    ...{ scenario, groups: shared, settings, faultsEnd, acknowledged, claims, heldToTheEnd },
    ...{ touches, sessions, executions },
  };
};
