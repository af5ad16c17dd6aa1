/** Invariant J: only the reclaimer deletes, and only what no open group or session uses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateReclaiming, type ReclaimMutation } from '../../support/reclaim-simulation.ts';

const SEEDS = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe('the storage space reclaimer (invariant J)', () => {
  it('deletes all that was handed over and nothing that is used, however everything interleaves and dies', async () => {
    await fc.assert(
      fc.asyncProperty(SEEDS, async (seed) => {
        expect(await simulateReclaiming(seed)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  }, 120_000);

  const mutations: Record<string, ReclaimMutation> = {
    'if it did not ask whether somebody began to use them': { withoutFence: true },
    'if what arrives again had the object key of what is deleted': { oneIncarnation: true },
    'if a composed session did not say that it uses them': { withoutUse: true },
  };
  it.each(Object.entries(mutations))(
    'would do wrong %s',
    async (_, mutation) => {
      const wrong = new Set<string>();
      for (let seed = 1; seed <= 5000 && wrong.size === 0; seed += 1) {
        for (const sentence of await simulateReclaiming(seed, mutation)) wrong.add(sentence);
      }

      expect([...wrong]).not.toEqual([]);
    },
    120_000,
  );
});
