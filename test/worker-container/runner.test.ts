/** A runner among others: what is delivered twice, who goes first, who dies, who leaves. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../core/contracts/keys.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { until } from '../support/until.ts';
import { startEmulatedCloud, WORKER, type EmulatedCloud } from './support/emulated-cloud.ts';
import { ended, resultOf, runJob } from './support/outcomes.ts';
import { startRunner } from './support/runner-process.ts';
import { storeModule, storeSession } from './support/stored-session.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

let cloud: EmulatedCloud;
let good: { service: string; hash: string };

beforeAll(async () => {
  cloud = await startEmulatedCloud();
  good = {
    service: 'good',
    hash: await storeModule(cloud, 'good', join(FIXTURES, 'worker_module')),
  };
}, 240_000);

afterAll(async () => {
  await cloud.stop();
}, 30_000);

const leases = async () =>
  (await cloud.pool.liveLeases(WORKER, Date.now())).map(({ runnerId }) => runnerId);

const queuesAreEmpty = () =>
  until('no message is left', 20_000, async () => {
    const depths = await Promise.all(
      (['immediate', 'higher', 'normal', 'lower'] as const).map((priority) =>
        cloud.queues.depth(cloud.queueUrlOf(priority)),
      ),
    );
    return depths.every(({ waiting, inFlight }) => waiting + inFlight === 0) ? true : undefined;
  });

describe('a message', { timeout: 60_000 }, () => {
  it('delivered twice leaves one result, and both are answered', async () => {
    const session = await storeSession(cloud, good, [{ name: 'now', entry: 'now' }]);
    const first = await session.dispatch(0);
    const runner = await startRunner(cloud, { slots: 1 });
    const job = await ended(session, 0);

    const second = await session.dispatch(0);
    await until('the second execution ends', 20_000, async () =>
      (await second()) === 'SUCCEEDED' ? true : undefined,
    );

    expect(await first()).toBe('SUCCEEDED');
    expect(await session.job(0)).toEqual(job);
    expect(job.attempt).toBe(1);
    await queuesAreEmpty();
    await runner.stop();
  });

  it('of a run that is over is answered and deleted, and runs nothing', async () => {
    const session = await storeSession(cloud, good, [{ name: 'now', entry: 'now' }]);
    await cloud.store.requeueJob(session.sessionId, nodeId(0), 1, Date.now());
    const stale = await session.dispatch(0, 1);
    const runner = await startRunner(cloud, { slots: 1 });

    await until('the stale execution ends', 20_000, async () =>
      (await stale()) === 'SUCCEEDED' ? true : undefined,
    );

    expect(await session.job(0)).toMatchObject({ state: 'QUEUED', run: 2, attempt: 0 });
    await queuesAreEmpty();
    await runner.stop();
  });

  it('that is no work is deleted, and the runner goes on', async () => {
    await cloud.queues.send(cloud.queueUrlOf('immediate'), { garbage: true });
    const session = await storeSession(cloud, good, [{ name: 'now', entry: 'now' }]);
    const runner = await startRunner(cloud, { slots: 1 });

    const job = await runJob(session, 0);

    expect(job.state).toBe('SUCCEEDED');
    await queuesAreEmpty();
    await runner.stop();
  });
});

describe('a runner', { timeout: 150_000 }, () => {
  it('takes what is waiting by priority', async () => {
    const priorities = ['lower', 'normal', 'immediate', 'higher', 'lower', 'immediate'] as const;
    const session = await storeSession(
      cloud,
      good,
      priorities.map((priority, index) => ({ name: `job-${index}`, entry: 'now', priority })),
    );
    for (const [index] of priorities.entries()) await session.dispatch(index);
    await until('all are queued', 20_000, async () => {
      const depth = await Promise.all(
        [...new Set(priorities)].map((priority) => cloud.queues.depth(cloud.queueUrlOf(priority))),
      );
      const waiting = depth.reduce((sum, one) => sum + one.waiting, 0);
      return waiting === priorities.length ? true : undefined;
    });

    const runner = await startRunner(cloud, { slots: 1 });
    const jobs = await Promise.all(priorities.map((_, index) => ended(session, index)));
    const order = jobs
      .map((job, index) => ({ at: resultOf(job) as number, priority: priorities[index] }))
      .sort((one, other) => one.at - other.at)
      .map(({ priority }) => priority);

    expect(order).toEqual(['immediate', 'immediate', 'higher', 'normal', 'lower', 'lower']);
    await runner.stop();
  });

  it('works on as many jobs at a time as it has slots', async () => {
    const released = join(cloud.shared, `released-${randomUUID()}`);
    const session = await storeSession(
      cloud,
      good,
      [0, 1, 2].map((index) => ({
        ...{ name: `job-${index}`, entry: 'prints_and_waits', params: { released } },
      })),
    );
    for (const index of [0, 1, 2]) await session.dispatch(index);
    const runner = await startRunner(cloud, { slots: 2 });

    await until('two jobs run', 20_000, async () => {
      const jobs = await Promise.all([0, 1, 2].map((index) => session.job(index)));
      return jobs.filter((job) => job?.state === 'RUNNING').length === 2 ? true : undefined;
    });

    expect(runner.log().match(/callback starts/g)?.length ?? 0).toBeLessThanOrEqual(2);
    expect(await runner.stop()).toEqual({ code: 0, signal: null });
    // Told to stop, it gave both back at once: another runner can have all three.
    await until('all three wait again', 20_000, async () =>
      (await cloud.queues.depth(cloud.queueUrlOf('normal'))).waiting === 3 ? true : undefined,
    );
    const { delayed } = await cloud.queues.depth(cloud.advanceQueueUrl);
    expect(delayed).toBeGreaterThan(0);
    expect(await leases()).toEqual([]);
    expect(existsSync(runner.folder)).toBe(false);
    writeFileSync(released, '');
    const successor = await startRunner(cloud, { slots: 3 });
    const jobs = await Promise.all([0, 1, 2].map((index) => ended(session, index)));
    expect(jobs.map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(jobs.map(({ lostAttempts }) => lostAttempts)).toEqual([0, 0, 0]);
    await successor.stop();
  });

  it('that is killed in the middle of a job loses nothing: the next attempt succeeds, once', async () => {
    const marker = join(cloud.shared, `attempted-${randomUUID()}`);
    const session = await storeSession(cloud, good, [
      { name: 'slow', entry: 'counts_slowly', params: { marker } },
    ]);
    const status = await session.dispatch(0);
    const victim = await startRunner(cloud, { slots: 1 });
    await until('the first attempt runs', 20_000, () =>
      Promise.resolve(existsSync(marker) && readFileSync(marker, 'utf8') !== '' ? true : undefined),
    );

    victim.signal('SIGKILL');
    await victim.ended;

    expect(await leftBehindIn(join(victim.folder, 'attempts'))).toEqual([]);
    const successor = await startRunner(cloud, { slots: 1 });
    const job = await ended(session, 0, 90_000);
    expect(job).toMatchObject({ state: 'SUCCEEDED', attempt: 2, lostAttempts: 1, run: 1 });
    expect(resultOf(job)).toBe('counted');
    await until('the execution ends', 20_000, async () =>
      (await status()) === 'SUCCEEDED' ? true : undefined,
    );
    expect(existsSync(victim.folder)).toBe(false);
    await queuesAreEmpty();
    await successor.stop();
    await cloud.pool.removeLease(WORKER, victim.runnerId);
  });

  it('is counted while it is there, and goes when there has been nothing to do', async () => {
    const runner = await startRunner(cloud, { slots: 1, lingerSeconds: 1 });
    await until('it is counted', 20_000, async () =>
      (await leases()).includes(runner.runnerId) ? true : undefined,
    );

    expect(await runner.ended).toEqual({ code: 0, signal: null });

    expect(await leases()).toEqual([]);
    expect(existsSync(runner.folder)).toBe(false);
  });
});
