/** Owed reports of storage commitment in memory: one listener, whose lease ends when it gives one back. */
import type { OwedCommitment, OwedCommitments } from '../../core/dimse/owed-commitments.ts';

export const memoryOwedCommitments = (): OwedCommitments => {
  const owed = new Map<string, OwedCommitment>();
  const held = new Set<string>();
  return {
    leaseMs: 60_000,
    keep: (one) => {
      owed.set(one.id, one);
      held.add(one.id);
      return Promise.resolve(true);
    },
    free: () => Promise.resolve([...owed.keys()].filter((id) => !held.has(id))),
    take: (id) => {
      if (held.has(id)) return Promise.resolve(undefined);
      held.add(id);
      return Promise.resolve(owed.get(id));
    },
    hold: (id, attempts) => {
      const one = owed.get(id);
      if (one === undefined || !held.has(id)) return Promise.resolve(false);
      owed.set(id, { ...one, attempts });
      return Promise.resolve(true);
    },
    release: (id) => {
      held.delete(id);
      return Promise.resolve();
    },
    settle: (id) => {
      owed.delete(id);
      held.delete(id);
      return Promise.resolve();
    },
  };
};
