/**
 * What callbacks see in bubblewrap, and that their limits hold there: real processes, started as the runner starts
 * them. As root they have user ids of their own besides, although the Python may lie below root's home.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../core/contracts/keys.ts';
import { canBubblewrap } from '../support/bubblewrap.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { until } from '../support/until.ts';
import { startEmulatedCloud, WORKER, type EmulatedCloud } from './support/emulated-cloud.ts';
import { logOf, resultOf, runJob } from './support/outcomes.ts';
import { startRunner, type RunnerProcess } from './support/runner-process.ts';
import {
  storeModule,
  storeSession,
  type JobOfSession,
  type StoredSession,
} from './support/stored-session.ts';

const MEMORY_LIMIT_MIB = 250;
const isRoot = process.getuid?.() === 0;

interface Seen {
  readonly users: readonly number[];
  readonly left: boolean;
  readonly tried: Readonly<Record<string, string>>;
}

describe.runIf(canBubblewrap())('a runner that has bubblewrap', { timeout: 90_000 }, () => {
  let cloud: EmulatedCloud;
  let intruder: { service: string; hash: string };
  let runner: RunnerProcess;

  beforeAll(async () => {
    cloud = await startEmulatedCloud();
    const module = join(import.meta.dirname, 'fixtures', 'intruder');
    intruder = { service: 'intruder', hash: await storeModule(cloud, 'intruder', module) };
    runner = await startRunner(cloud, {
      environment: {
        GANTRY_JOB_MEMORY_MIB: String(MEMORY_LIMIT_MIB),
        GANTRY_TEST_SECRET: 'of the platform',
      },
    });
  }, 240_000);
  afterAll(async () => {
    await runner.stop();
    await cloud.stop();
  }, 30_000);

  const store = (jobs: readonly Partial<JobOfSession>[]) =>
    storeSession(
      cloud,
      intruder,
      jobs.map((job, index) => ({ name: `job-${index}`, entry: 'sees', ...job })),
    );

  const nothingRuns = () => leftBehindIn(join(runner.folder, 'attempts', 'attempt-'));

  const waiting = async (session: StoredSession) => {
    const status = await session.dispatch(0);
    const job = await until('the callback works', 30_000, async () => {
      const item = await session.job(0);
      const log = item?.state === 'RUNNING' ? await logOf(cloud, item).catch(() => '') : '';
      return log.includes('working as') ? item : undefined;
    });
    return { job, status };
  };

  const untilEnded = (status: () => Promise<string>) =>
    until('the execution ends', 30_000, async () =>
      (await status()) === 'SUCCEEDED' ? true : undefined,
    );

  const cancel = (session: StoredSession, attempt: number) =>
    cloud.store.finishJob(
      session.sessionId,
      nodeId(0),
      attempt,
      { state: 'CANCELLED', reason: 'enough' },
      Date.now(),
    );

  it('says so, in its log and to whoever asks for its worker', async () => {
    const isolation = isRoot ? 'user-ids-and-sandbox' : 'sandbox';

    const lease = await until('the runner has its lease', 30_000, async () => {
      const [first] = await cloud.pool.liveLeases(WORKER, Date.now());
      return first;
    });

    expect(lease).toMatchObject({ isolation });
    expect(runner.log()).toContain(`"isolation":"${isolation}"`);
  });

  it.for([undefined, 'session'] as const)(
    'shows callbacks their own job and nothing else of this computer (keepWarm: %s)',
    async (keepWarm) => {
      const victim = await store([{ entry: 'waits' }]);
      const { job, status } = await waiting(victim);
      const attempts = join(runner.folder, 'attempts');
      const names = readdirSync(attempts).filter((name) => name.startsWith('attempt-'));
      const [attempt = ''] = names;
      const images = join(attempts, attempt, 'images');
      const [group = ''] = readdirSync(join(runner.folder, 'groups'));
      const hidden = [
        ['list', join(attempts, attempt)],
        ['read', join(attempts, attempt, 'job.json')],
        ['read', join(images, readdirSync(images)[0] ?? '')],
        ['list', join(runner.folder, 'groups', group)],
        ['list', join(runner.folder, 'spool')],
        ['list', join(runner.folder, 'sockets')],
        ['list', cloud.folder.emulatorObjects],
        ['list', cloud.folder.emulatorState],
        ['list', cloud.folder.logs],
        ['read', `/proc/${runner.pid}/environ`],
        ['signal', String(runner.pid)],
        ['list', join(homedir(), '.cache')],
        ['list', '/var/lib'],
      ] as const;
      const kept = keepWarm === undefined ? {} : { keepWarm };
      const tries = { ...kept, params: { actions: hidden } };
      const session = await store([tries, tries]);

      const ended = [await runJob(session, 0), await runJob(session, 1)];
      await cancel(victim, job.attempt);
      await untilEnded(status);

      expect(names).toHaveLength(1);
      expect(ended.map(({ error }) => error)).toEqual([undefined, undefined]);
      const [one, other] = ended.map((job) => resultOf(job) as Seen) as [Seen, Seen];
      for (const seen of [one, other]) {
        expect(seen).toMatchObject({
          process: 2,
          'processes seen': 2,
          image: ['done', isRoot ? 'refused' : 'Read-only file system'],
          capabilities: [0, 0, 0],
          noNewPrivileges: '1',
          processes: 4096,
        });
        const reachable = Object.entries(seen.tried).filter(([, result]) => result === 'done');
        expect(reachable.map(([what]) => what)).toEqual([]);
      }
      expect(one.left).toBe(false);
      expect((one.users[0] ?? 0) >= 20_000).toBe(isRoot);
      expect(other.users[0] === one.users[0]).toBe(keepWarm !== undefined || !isRoot);
      expect(await nothingRuns()).toEqual([]);
    },
  );

  it('lets them write neither their code, nor their Python, nor the system', async () => {
    const job = await runJob(await store([{}]), 0);

    expect(job.error).toBeUndefined();
    const { code, python, system } = resultOf(job) as Record<string, string>;
    for (const tried of [code, python, system]) {
      expect(['refused', 'Read-only file system']).toContain(tried);
    }
  });

  it('ends whatever they left running', async () => {
    const job = await runJob(await store([{ entry: 'escapes', params: { bare: true } }]), 0);

    expect(job.error).toBeUndefined();
    expect(await nothingRuns()).toEqual([]);
    expect(existsSync(`/tmp/left-by-${job.id}`)).toBe(false);
  });

  it('ends a job whose processes take more memory together than it may', async () => {
    const job = await runJob(await store([{ entry: 'takes_memory' }]), 0);

    expect(job).toMatchObject({ state: 'FAILED', error: { type: 'MemoryLimitExceeded' } });
    expect(await nothingRuns()).toEqual([]);
  });

  it('ends a callback after its time, which may clean up before', async () => {
    const job = await runJob(await store([{ entry: 'waits', timeoutSeconds: 3 }]), 0);

    expect(job.state).toBe('TIMED_OUT');
    expect(await logOf(cloud, job)).toContain('cleaning up');
    expect(await nothingRuns()).toEqual([]);
  });

  it('ends the callback of a job that was cancelled', async () => {
    const session = await store([{ entry: 'waits' }]);
    const { job, status } = await waiting(session);

    await cancel(session, job.attempt);
    await untilEnded(status);

    expect(await nothingRuns()).toEqual([]);
    expect(await logOf(cloud, job)).toContain('cleaning up');
  });

  it('says of a callback that was killed which signal it was', async () => {
    const job = await runJob(await store([{ entry: 'kills_itself' }]), 0);

    expect(job.reason).toContain('killed (SIGKILL)');
  });

  it('that is killed takes its callbacks with it', async () => {
    await runner.stop();
    const victim = await startRunner(cloud, { slots: 1 });
    const session = await store([{ entry: 'waits' }]);
    await waiting(session);

    victim.signal('SIGKILL');
    await victim.ended;

    expect(await leftBehindIn(join(victim.folder, 'attempts'))).toEqual([]);
  });
});
