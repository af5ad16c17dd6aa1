/**
 * The store of groups as one program of a simulation reaches it: over slow and failing calls, read in pages, and
 * without the condition that a mutation takes away.
 */
import type { GroupItem, InstanceItem } from '../../core/contracts/items.ts';
import { CLOCK_SKEW_MS } from '../../core/contracts/due-time.ts';
import { groupId } from '../../core/contracts/keys.ts';
import type { GroupStore, Touch } from '../../core/processors/group-store.ts';
import { ANSWER_MS, LEASE_MS } from '../../core/processors/lease.ts';
import { TOUCH_INTERVAL_MS } from '../../core/processors/timing.ts';
import type { Mutation } from './grouping-scenario.ts';
import { touched, type MemoryGroups } from './memory-groups.ts';

export interface SimulatedStoreOptions {
  readonly shared: MemoryGroups;
  readonly mutation: Mutation;
  readonly random: () => number;
  /** A call over the network: it takes effect at one moment of it, or not at all, and may fail either way. */
  readonly remote: <T>(effect: () => Promise<T>) => Promise<T>;
  readonly touched: () => void;
  readonly claimed: (group: GroupItem, because: string) => void;
}

/** The store with one of its conditions missing. */
const mutated = (shared: MemoryGroups, mutation: Mutation): MemoryGroups => ({
  ...shared,
  ...(mutation.touchInAnyState === true
    ? {
        touch: (keyId, generation, touch) => {
          const id = groupId(keyId, generation);
          const group = shared.groupItems.get(id);
          if (group !== undefined) {
            shared.groupItems.set(id, { ...group, ...touched(group, touch) });
          }
          return Promise.resolve(group !== undefined);
        },
      }
    : {}),
  ...(mutation.promisesOfOthersForgotten === true
    ? {
        touch: async (keyId, generation, touch) => {
          const done = await shared.touch(keyId, generation, touch);
          const id = groupId(keyId, generation);
          const group = shared.groupItems.get(id);
          if (done && group !== undefined) {
            const promises = { [touch.listener]: touch.promise };
            shared.groupItems.set(id, { ...group, promises });
          }
          return done;
        },
      }
    : {}),
  ...(mutation.openOverExisting === true
    ? {
        open: (group) => {
          shared.groupItems.set(group.id, group);
          return Promise.resolve(true);
        },
      }
    : {}),
  ...(mutation.lastSealWins === true
    ? {
        sealManifest: (manifest) => {
          shared.manifests.set(manifest.groupId, manifest);
          return Promise.resolve(manifest);
        },
      }
    : {}),
  ...(mutation.earlierManifestsForgotten === true
    ? { generations: async (keyId) => (await shared.generations(keyId)).slice(-1) }
    : {}),
  ...(mutation.replacedStay === true
    ? {
        instances: async (keyId) =>
          (await shared.instances(keyId)).map((item) => ({ ...item, replaces: undefined })),
      }
    : {}),
});

/** A touch that asks for less than it should, or that says something else. */
const mutatedTouch = (
  group: GroupItem | undefined,
  touch: Touch,
  { lateWriteWins, settledTooEarlyMs = 0, touchHeldUnaware, leaseBeyondCap }: Mutation,
): Touch => {
  const { promise, lastReceivedAt } = touch;
  const isSettled = promise.until === lastReceivedAt + ANSWER_MS;
  return {
    ...touch,
    held: touchHeldUnaware === true ? (group?.held ?? false) : touch.held,
    promise: {
      ...promise,
      ...(lateWriteWins === true ? { turn: Number.MAX_SAFE_INTEGER } : {}),
      ...(isSettled ? { until: promise.until - settledTooEarlyMs } : {}),
      ...(leaseBeyondCap === true && promise.lease === true && !isSettled
        ? { until: lastReceivedAt + LEASE_MS }
        : {}),
    },
  };
};

export const simulatedStore = (options: SimulatedStoreOptions): GroupStore => {
  const { shared, mutation, random, remote } = options;
  const store = mutated(shared, mutation);
  const through =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      remote(() => call(...args));

  return {
    ...(Object.fromEntries(
      Object.entries(store)
        .filter(
          (entry): entry is [string, () => Promise<unknown>] => typeof entry[1] === 'function',
        )
        .map(([name, call]) => [name, through(call)]),
    ) as unknown as GroupStore),
    // Two pages: what is put meanwhile is in the answer or not, by its place.
    instances: async (keyId) => {
      const boundary = Math.floor(random() * 100);
      const isFirst = ({ sopInstanceUid }: InstanceItem): boolean =>
        Number(sopInstanceUid.split('.').at(-1)) % 100 < boundary;
      const first = await remote(() => store.instances(keyId));
      const second = await remote(() => store.instances(keyId));
      return [...first.filter(isFirst), ...second.filter((item) => !isFirst(item))];
    },
    open: (group) => {
      const less = group.complete?.map((input) => ({ ...input, count: Number(input.count) - 1 }));
      const opened =
        mutation.oneLessIsComplete === true && less !== undefined
          ? { ...group, complete: less }
          : group;
      return remote(() => store.open(opened));
    },
    touch: (keyId, generation, touch) => {
      options.touched();
      return remote(() =>
        store.touch(
          keyId,
          generation,
          mutatedTouch(shared.groupItems.get(groupId(keyId, generation)), touch, mutation),
        ),
      );
    },
    claim: (group, claim) =>
      remote(async () => {
        const current = await shared.get(group.keyId, group.generation);
        const hasNoCondition =
          mutation.claimWithoutVersion === 'always' ||
          (mutation.claimWithoutVersion === 'at the cap' && claim.closedBecause === 'maxWait');
        const read = hasNoCondition ? (current ?? group) : group;
        const usual = mutation.emptyIsSealedAsUsual === true && claim.closedBecause === 'empty';
        const done = await store.claim(read, {
          ...claim,
          ...(usual ? { closedBecause: 'quiet' as const } : {}),
          ...(mutation.sealBeforeLeasesEnd === true
            ? { sealAfter: claim.claimedAt + TOUCH_INTERVAL_MS + CLOCK_SKEW_MS }
            : {}),
        });
        if (done && current !== undefined) options.claimed(current, claim.closedBecause);
        return done;
      }),
  };
};
