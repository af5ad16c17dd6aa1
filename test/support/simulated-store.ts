/**
 * The store of groups as one program of a simulation reaches it: over slow and failing calls, read in pages, and
 * without the condition that a mutation takes away.
 */
import type { GroupItem, InstanceItem } from '../../core/contracts/items.ts';
import { groupId } from '../../core/contracts/keys.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import type { Mutation } from './grouping-scenario.ts';
import type { MemoryGroups } from './memory-groups.ts';

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
        touch: (keyId, generation, { dueAt, lastReceivedAt }) => {
          const id = groupId(keyId, generation);
          const group = shared.groupItems.get(id);
          if (group !== undefined) shared.groupItems.set(id, { ...group, dueAt, lastReceivedAt });
          return Promise.resolve(group !== undefined);
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
    touch: (...args) => {
      options.touched();
      return remote(() => store.touch(...args));
    },
    claim: (group, claim) =>
      remote(async () => {
        const current = await shared.get(group.keyId, group.generation);
        const { dueAt, lastReceivedAt } = current ?? group;
        const read = {
          ...group,
          ...(mutation.claimWithoutDueTime === true ? { dueAt, lastReceivedAt } : {}),
          ...(mutation.claimWithoutLastTouch === true ? { lastReceivedAt } : {}),
        };
        const usual = mutation.emptyIsSealedAsUsual === true && claim.closedBecause === 'empty';
        const done = await store.claim(read, usual ? { ...claim, closedBecause: 'quiet' } : claim);
        if (done && current !== undefined) options.claimed(current, claim.closedBecause);
        return done;
      }),
  };
};
