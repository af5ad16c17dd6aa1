import { expect, it } from 'vitest';
import { inParallel } from '../../../core/running/concurrency.ts';

it('gives results in the order of the items, and works on no more of them than it may', async () => {
  let atWork = 0;
  let most = 0;
  const squares = await inParallel([5, 1, 4, 2, 3], 2, async (item) => {
    most = Math.max(most, (atWork += 1));
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
    atWork -= 1;
    return item * item;
  });

  expect(squares).toEqual([25, 1, 16, 4, 9]);
  expect(most).toBe(2);
});

it('begins nothing after a failure, and throws it when what is under way has ended', async () => {
  const events: string[] = [];
  const slow = Promise.withResolvers<undefined>();
  const all = inParallel(['slow', 'fails', 'never'], 2, async (item) => {
    events.push(item);
    if (item === 'fails') throw new Error('the first failure');
    await slow.promise;
    events.push('slow has ended');
  });
  const thrown = all.catch((error: unknown) => events.push(String(error)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual(['slow', 'fails']);

  slow.resolve(undefined);
  await thrown;
  expect(events).toEqual(['slow', 'fails', 'slow has ended', 'Error: the first failure']);
});
