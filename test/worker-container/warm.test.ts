/** Jobs with `keepWarm`: which of them share a process, what each gets of it, and when it is replaced. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../local/processes.ts';
import { startEmulatedCloud, type EmulatedCloud } from './support/emulated-cloud.ts';
import { logOf, resultOf, runJob } from './support/outcomes.ts';
import { startRunner, type RunnerProcess } from './support/runner-process.ts';
import { storeModule, storeSession, type JobOfSession } from './support/stored-session.ts';

let cloud: EmulatedCloud;
let warm: { service: string; hash: string };
let runner: RunnerProcess;

beforeAll(async () => {
  cloud = await startEmulatedCloud();
  const folder = join(import.meta.dirname, 'fixtures', 'warm');
  warm = { service: 'warm', hash: await storeModule(cloud, 'warm', folder) };
  runner = await startRunner(cloud, { slots: 1 });
}, 240_000);

afterAll(async () => {
  await runner.stop();
  await cloud.stop();
}, 30_000);

interface Told {
  readonly pid: number;
  readonly uid: number;
  readonly calls: number;
  readonly job: string;
  readonly scratch: string;
  readonly cwd: string;
  readonly images: number;
  readonly beside: boolean;
}

const session = (entries: readonly string[], facts: Partial<JobOfSession> = {}) =>
  storeSession(
    cloud,
    warm,
    entries.map((entry, index) => ({
      ...{ name: `${entry}-${index}`, entry, keepWarm: 'session' },
      ...facts,
    })),
  );

describe('a process that stays', { timeout: 120_000 }, () => {
  it('serves the jobs of its session one after another, each with its own things', async () => {
    const jobs = await session(['tells', 'throws', 'tells']);

    const ended = [await runJob(jobs, 0), await runJob(jobs, 1), await runJob(jobs, 2)];
    const [first, second] = [resultOf(ended[0]!) as Told, resultOf(ended[2]!) as Told];

    expect(ended[1]).toMatchObject({ state: 'FAILED', error: { type: 'ValueError' } });
    expect(second).toMatchObject({ pid: first.pid, uid: first.uid, calls: 2, images: 2 });
    expect([first.job, second.job]).toEqual(['tells-0', 'tells-2']);
    expect(second.cwd).not.toBe(first.cwd);
    expect(second.beside).toBe(true);
    expect(existsSync(first.scratch)).toBe(false);
    expect(second.scratch.startsWith(first.cwd)).toBe(false);
    expect(await logOf(cloud, ended[0]!)).toBe('call 1 for tells-0\n');
    expect(await logOf(cloud, ended[2]!)).toBe('call 2 for tells-2\n');
  });

  it('serves no other session, unless its job says so', async () => {
    const one = await session(['tells']);
    const other = await session(['tells']);
    const shared = await session(['tells'], { keepWarm: 'all-sessions' });
    const sharing = await session(['tells'], { keepWarm: 'all-sessions' });
    const pids = [];
    for (const jobs of [one, other, shared, sharing]) {
      pids.push((resultOf(await runJob(jobs, 0)) as Told).pid);
    }

    expect(pids[1]).not.toBe(pids[0]);
    expect(pids[2]).not.toBe(pids[1]);
    expect(pids[3]).toBe(pids[2]);
    // With one slot one process stays: the others have made room.
    expect(pids.slice(0, 2).map(isAlive)).toEqual([false, false]);
  });

  it('is replaced when a callback has killed it or has run out of time', async () => {
    const jobs = await session(['tells', 'dies', 'tells', 'hangs', 'tells'], { timeoutSeconds: 2 });

    const ended = [];
    for (const index of [0, 1, 2, 3, 4]) ended.push(await runJob(jobs, index));
    const [first, died, second, hung, third] = ended;
    const pids = [first, second, third].map((job) => (resultOf(job!) as Told).pid);

    expect(died).toMatchObject({ state: 'FAILED', error: { type: 'ProcessDied' } });
    expect(died?.reason).toContain('exit code 3');
    expect(await logOf(cloud, died!)).toContain('about to die');
    expect(hung?.state).toBe('TIMED_OUT');
    expect(new Set(pids).size).toBe(3);
  });

  it('does not keep what a callback left running', async () => {
    const jobs = await session(['leaves_a_child', 'tells']);

    const child = resultOf(await runJob(jobs, 0)) as number;

    expect((resultOf(await runJob(jobs, 1)) as Told).pid).not.toBe(child);
    expect(isAlive(child)).toBe(false);
  });
});
