/** Jobs with `keepWarm`: which of them share a process, what each gets of it, and when it is replaced. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leftBehindIn } from '../support/processes-of.ts';
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
  /** The folder that its process has for its life: its number says nothing, in a sandbox each has the same. */
  readonly process: string;
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
    expect(second).toMatchObject({ process: first.process, uid: first.uid, calls: 2, images: 2 });
    expect([first.job, second.job]).toEqual(['tells-0', 'tells-2']);
    expect(second.cwd).not.toBe(first.cwd);
    expect(second.beside).toBe(true);
    expect(existsSync(first.scratch)).toBe(false);
    expect(second.scratch.startsWith(first.cwd)).toBe(false);
    expect(await logOf(cloud, ended[0]!)).toBe('call 1 for tells-0\n');
    expect(await logOf(cloud, ended[2]!)).toBe('call 2 for tells-2\n');
  });

  it('serves no other session, unless its job says so', async () => {
    const sessions = [
      await session(['tells']),
      await session(['tells']),
      await session(['tells'], { keepWarm: 'all-sessions' }),
      await session(['tells'], { keepWarm: 'all-sessions' }),
    ];
    const processes = [];
    for (const jobs of sessions) {
      processes.push((resultOf(await runJob(jobs, 0)) as Told).process);
    }

    const [one, other, shared, sharing] = processes;
    expect(new Set([one, other, shared]).size).toBe(3);
    expect(sharing).toBe(shared);
    // With one slot one process stays: the others have made room.
    for (const gone of [one, other]) expect(await leftBehindIn(gone ?? '/')).toEqual([]);
  });

  it('is replaced when a callback has killed it or has run out of time', async () => {
    const jobs = await session(['tells', 'dies', 'tells', 'hangs', 'tells'], { timeoutSeconds: 2 });

    const ended = [];
    for (const index of [0, 1, 2, 3, 4]) ended.push(await runJob(jobs, index));
    const [first, died, second, hung, third] = ended;
    const processes = [first, second, third].map((job) => (resultOf(job!) as Told).process);

    expect(died).toMatchObject({ state: 'FAILED', error: { type: 'ProcessDied' } });
    expect(died?.reason).toContain('exit code 3');
    expect(await logOf(cloud, died!)).toContain('about to die');
    expect(hung?.state).toBe('TIMED_OUT');
    expect(new Set(processes).size).toBe(3);
  });

  it('does not keep what a callback left running', async () => {
    const jobs = await session(['leaves_a_child', 'tells']);

    await runJob(jobs, 0);
    const { process } = resultOf(await runJob(jobs, 1)) as Told;

    // The child was started in its job's folder.
    expect(await leftBehindIn(join(process, 'attempts', 'attempt-'))).toEqual([]);
  });
});
