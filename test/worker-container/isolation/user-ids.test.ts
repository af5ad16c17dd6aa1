/** User ids for attempts: whoever asks gets one that nobody else has. */
import { describe, expect, it } from 'vitest';
import { userIds } from '../../../worker-container/isolation/user-ids.ts';

describe.runIf(process.platform === 'linux')('user ids', () => {
  it('are different for all who ask at the same time', async () => {
    const users = userIds();

    const taken = await Promise.all([1, 2, 3, 4].map(() => users.take()));
    await Promise.all(taken.map((user) => user.release()));

    expect(new Set(taken.map(({ uid }) => uid)).size).toBe(4);
  });
});
