/** Invariant E with real pieces: whatever dies, stalls, comes late or is lost, a job has one result. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessionData } from '../../aws/session-data.ts';
import { nodeId } from '../../core/contracts/keys.ts';
import { MAX_LOST_ATTEMPTS } from '../../core/running/session-store.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { until } from '../support/until.ts';
import { startEmulatedCloud, type EmulatedCloud } from './support/emulated-cloud.ts';
import { ended, resultOf } from './support/outcomes.ts';
import { startRunner } from './support/runner-process.ts';
import { storeModule, storeSession } from './support/stored-session.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

let cloud: EmulatedCloud;
let good: { service: string; hash: string };

beforeAll(async () => {
  cloud = await startEmulatedCloud();
  const folder = join(FIXTURES, 'worker_module');
  good = { service: 'good', hash: await storeModule(cloud, 'good', folder) };
}, 240_000);

afterAll(async () => {
  await cloud.stop();
}, 30_000);

/** Leases a running job to another runner; returns when the first attempt, which comes back late, has been refused. */
const fencedOut = async (entry: string) => {
  const released = join(cloud.shared, `released-${randomUUID()}`);
  const session = await storeSession(cloud, good, [{ name: 'late', entry, params: { released } }]);
  await session.dispatch(0);
  const runner = await startRunner(cloud, { slots: 1 });
  const { sessionId } = session;
  await until('it runs', 30_000, async () =>
    (await session.job(0))?.state === 'RUNNING' ? true : undefined,
  );

  await cloud.store.leaseJob(sessionId, nodeId(0), 1, 'another', Date.now());
  writeFileSync(released, '');
  await until('the late attempt is refused', 30_000, () =>
    Promise.resolve(runner.log().includes('not this attempt') ? true : undefined),
  );
  return { session, runner };
};

describe('a job has one result', { timeout: 240_000 }, () => {
  it('when its runner stalls for longer than its message is held, and comes back', async () => {
    const marker = join(cloud.shared, `attempted-${randomUUID()}`);
    const session = await storeSession(cloud, good, [
      { name: 'slow', entry: 'counts_slowly', params: { marker } },
    ]);
    const status = await session.dispatch(0);
    const stalled = await startRunner(cloud, { slots: 1 });
    await until('the first attempt runs', 30_000, () =>
      Promise.resolve(existsSync(marker) && readFileSync(marker, 'utf8') !== '' ? true : undefined),
    );

    stalled.signal('SIGSTOP');
    const successor = await startRunner(cloud, { slots: 1 });
    const job = await ended(session, 0, 180_000);
    stalled.signal('SIGCONT');

    expect(await leftBehindIn(join(stalled.folder, 'attempts'))).toEqual([]);
    await until('the execution ends', 20_000, async () =>
      (await status()) === 'SUCCEEDED' ? true : undefined,
    );
    expect(job).toMatchObject({ state: 'SUCCEEDED', attempt: 2, lostAttempts: 1, run: 1 });
    await stalled.stop();
    expect(await session.job(0)).toEqual(job);
    await successor.stop();
  });

  it('when an attempt that is fenced out returns after the next one was leased', async () => {
    const { session, runner } = await fencedOut('prints_and_waits');

    expect(await session.job(0)).toMatchObject({ state: 'RUNNING', attempt: 2 });
    const outcome = { state: 'SUCCEEDED', resultJson: '"of the second"' } as const;
    expect(await cloud.store.finishJob(session.sessionId, nodeId(0), 2, outcome, Date.now())).toBe(
      true,
    );
    expect(resultOf(await ended(session, 0))).toBe('of the second');
    await runner.stop();
  });

  it('and what its jobs keep is changed by no attempt that is fenced out', async () => {
    const { session, runner } = await fencedOut('keeps_late');

    expect(await tableSessionData(cloud.table).listValues(session.sessionId)).toEqual([]);
    await runner.stop();
  });

  it('which is its failure, with that cause, when it has lost its third runner', async () => {
    const session = await storeSession(cloud, good, [{ name: 'now', entry: 'now' }]);
    for (let attempt = 1; attempt <= MAX_LOST_ATTEMPTS; attempt += 1) {
      const runner = `lost-${attempt}`;
      await cloud.store.leaseJob(session.sessionId, nodeId(0), 1, runner, Date.now());
    }
    const status = await session.dispatch(0);
    const runner = await startRunner(cloud, { slots: 1 });

    const job = await ended(session, 0);

    expect(job).toMatchObject({
      state: 'FAILED',
      error: { type: 'RunnerLost' },
      attempt: MAX_LOST_ATTEMPTS,
      lostAttempts: MAX_LOST_ATTEMPTS,
    });
    expect(job.reason).toContain('was lost 3 times');
    await until('the execution ends', 20_000, async () =>
      (await status()) === 'SUCCEEDED' ? true : undefined,
    );
    expect(runner.log()).not.toContain('callback starts');
    await runner.stop();
  });
});
