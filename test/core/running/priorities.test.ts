/** The order of the priorities in a long run of takes: by rank, and nobody waits for ever. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PRIORITIES, type Priority } from '../../../core/contracts/vocabulary.ts';
import {
  LONGEST_WAIT_IN_TAKES,
  orderForTake,
  takesOfOneOrder,
  TURN_EVERY,
} from '../../../core/running/priorities.ts';

const backlog = fc.uniqueArray(fc.constantFrom(...PRIORITIES), { minLength: 1 });
const starts = fc.nat({ max: 10_000 });
const serve = (waiting: readonly Priority[], take: number): Priority | undefined =>
  orderForTake(take).find((priority) => waiting.includes(priority));

it('asks every queue at each take, so that a runner is never idle while there is work', () => {
  fc.assert(
    fc.property(starts, (take) => {
      expect(orderForTake(take + 1).toSorted()).toEqual(PRIORITIES.toSorted());
    }),
  );
});

it('gives seven of eight takes in a row to the highest priority that waits', () => {
  fc.assert(
    fc.property(backlog, starts, (waiting, start) => {
      const highest = PRIORITIES.find((priority) => waiting.includes(priority));
      const takes = Array.from({ length: TURN_EVERY }, (_, index) => start + 1 + index);
      const served = takes.filter((take) => serve(waiting, take) === highest);
      expect(served.length).toBeGreaterThanOrEqual(TURN_EVERY - 1);
    }),
  );
});

it('serves each priority that waits within 24 takes, whatever waits before it', () => {
  fc.assert(
    fc.property(backlog, starts, (waiting, start) => {
      const takes = Array.from({ length: LONGEST_WAIT_IN_TAKES }, (_, index) => start + 1 + index);
      const served = new Set(takes.map((take) => serve(waiting, take)));
      expect(served).toEqual(new Set(waiting));
    }),
  );
});

it('keeps one order for as many takes as it says', () => {
  fc.assert(
    fc.property(starts, (start) => {
      const take = start + 1;
      const orders = Array.from({ length: takesOfOneOrder(take) }, (_, index) =>
        orderForTake(take + index).join(),
      );
      expect(new Set(orders).size).toBe(1);
    }),
  );
});
