/**
 * What callbacks cannot do: real processes that try. As root the runner gives each attempt a user id of its own,
 * with no more rights than its image leaves it; where it cannot, it says so and ends what it can recognise.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../core/contracts/keys.ts';
import { until } from '../support/until.ts';
import { startEmulatedCloud, WORKER, type EmulatedCloud } from './support/emulated-cloud.ts';
import { ended, logOf, resultOf, runJob } from './support/outcomes.ts';
import { reachablePython } from './support/reachable-python.ts';
import { startRunner, type RunnerProcess } from './support/runner-process.ts';
import { storeModule, storeSession, type StoredSession } from './support/stored-session.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const MEMORY_LIMIT_MIB = 250;

let cloud: EmulatedCloud;
let intruder: { service: string; hash: string };

beforeAll(async () => {
  cloud = await startEmulatedCloud();
  const module = join(import.meta.dirname, 'fixtures', 'intruder');
  intruder = { service: 'intruder', hash: await storeModule(cloud, 'intruder', module) };
}, 240_000);

afterAll(async () => {
  await cloud.stop();
}, 30_000);

const isGone = (what: string, pid: number) =>
  until(what, 15_000, () => Promise.resolve(existsSync(`/proc/${pid}/exe`) ? undefined : true));

/** What a running callback has printed, matched; the number in it. */
const printed = (session: StoredSession, pattern: RegExp) =>
  until('the callback prints', 20_000, async () => {
    const job = await session.job(0);
    const text = job?.state === 'RUNNING' ? await logOf(cloud, job).catch(() => '') : '';
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  });

/** A folder with links to these programs, and no others. */
const folderOfPrograms = (parent: string, programs: readonly string[]): string => {
  const folder = mkdtempSync(join(parent, 'programs-'));
  for (const program of programs) {
    const there = execFileSync('which', [program], { encoding: 'utf8' }).trim();
    symlinkSync(there, join(folder, program));
  }
  return folder;
};

/** Without the two that make Node the child of tini: how the image starts the runner. */
const rightsOfTheImage = (): string[] => {
  const file = readFileSync(
    join(import.meta.dirname, '../../worker-container/Dockerfile'),
    'utf8',
  ).replaceAll('\\\n', '');
  const entry = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(file)?.[1] ?? '[]') as string[];
  return entry.slice(entry.indexOf('--') + 1, entry.indexOf('node'));
};

describe.runIf(isRoot)('a runner that is root', { timeout: 60_000 }, () => {
  let runner: RunnerProcess;
  let python: string;

  beforeAll(async () => {
    python = reachablePython(cloud.folder.root);
    runner = await startRunner(cloud, {
      python,
      through: rightsOfTheImage(),
      environment: { GANTRY_ISOLATION: 'required', AWS_SESSION_TOKEN: 'secret' },
    });
  }, 60_000);
  afterAll(async () => {
    await runner.stop();
  });

  it('calls callbacks under an id that is theirs alone, without groups and rights', async () => {
    const session = await storeSession(cloud, intruder, [
      { name: 'one', entry: 'who' },
      { name: 'other', entry: 'who' },
    ]);

    const [one, other] = [
      resultOf(await runJob(session, 0)),
      resultOf(await runJob(session, 1)),
    ] as [{ users: number[] }, { users: number[] }];

    const [uid = 0] = one.users;
    expect(uid).toBeGreaterThanOrEqual(20_000);
    expect(uid).toBeLessThan(60_000);
    expect(runner.log()).toMatch(/"isolation":"user-ids".*no sandbox: /);
    expect(one).toMatchObject({
      users: [uid, uid, uid],
      groups: [uid, uid, uid],
      capabilities: [0, 0, 0],
      noNewPrivileges: '1',
      core: [0, 0],
      fileBytes: 16 * 1024 ** 3,
      processes: 4096,
    });
    expect(other.users[0]).not.toBe(uid);
  });

  it('lets them reach nothing of its own and nothing of another session', async () => {
    const victim = await storeSession(cloud, intruder, [{ name: 'victim', entry: 'waits' }]);
    await victim.dispatch(0);
    const victimPid = await printed(victim, /working as (\d+)\./);
    const inRunner = (...names: string[]) => join(runner.folder, ...names);
    const [attempt = ''] = readdirSync(inRunner('attempts'));
    const images = inRunner('attempts', attempt, 'images');
    const [door = ''] = readdirSync(inRunner('sockets'));
    const [socket = ''] = readdirSync(inRunner('sockets', door));
    const [group = ''] = readdirSync(inRunner('groups'));
    const refused = [
      ['read', `/proc/${runner.pid}/environ`],
      ['list', `/proc/${runner.pid}/fd`],
      ['signal', String(runner.pid)],
      ['read', `/proc/${victimPid}/environ`],
      ['list', `/proc/${victimPid}/fd`],
      ['signal', String(victimPid)],
      ['list', images],
      ['read', join(images, readdirSync(images)[0] ?? '')],
      ['read', inRunner('attempts', attempt, 'job.json')],
      ['list', inRunner('attempts', attempt, 'home')],
      ['connect', inRunner('sockets', door, socket)],
      ['list', inRunner('attempts')],
      ['list', inRunner('sockets')],
      ['list', inRunner('sockets', door)],
      ['list', inRunner('groups')],
      ['list', inRunner('groups', group)],
      ['list', inRunner('spool')],
      ['list', inRunner()],
    ] as const;
    const session = await storeSession(cloud, intruder, [
      { name: 'tries', entry: 'tries', params: { actions: refused } },
    ]);

    const job = await runJob(session, 0);

    expect(job.error).toBeUndefined();
    expect(resultOf(job)).toEqual({
      'own read': 'done',
      'own list': 'done',
      'own connect': 'done',
      'own image read': 'done',
      'own image write': 'refused',
      ...Object.fromEntries(refused.map((one) => [one.join(' '), 'refused'])),
    });
    await victim
      .job(0)
      .then((item) =>
        cloud.store.finishJob(
          victim.sessionId,
          nodeId(0),
          item?.attempt ?? 0,
          { state: 'CANCELLED', reason: 'enough' },
          Date.now(),
        ),
      );
    await isGone('the victim', victimPid);
  });

  it('takes no link of theirs for a result', async () => {
    const target = join(cloud.folder.root, 'of-the-runner.json');
    writeFileSync(target, '{"result": "a secret"}', { mode: 0o600 });
    const session = await storeSession(cloud, intruder, [
      { name: 'links', entry: 'links_its_result', params: { target } },
    ]);

    const job = await runJob(session, 0);

    expect(job).toMatchObject({ state: 'FAILED', error: { type: 'ResultUnreadable' } });
    expect(JSON.stringify(job)).not.toContain('a secret');
  });

  it('ends whatever they left running, and removes what they left in shared folders', async () => {
    const session = await storeSession(cloud, intruder, [
      { name: 'escapes', entry: 'escapes', params: { bare: true } },
    ]);

    const job = await runJob(session, 0);

    expect(job.error).toBeUndefined();
    expect(existsSync(`/proc/${resultOf(job) as number}/exe`)).toBe(false);
    expect(existsSync(`/tmp/left-by-${job.id}`)).toBe(false);
  });

  it('that is killed leaves their processes to the next one, which ends them', async () => {
    await runner.stop();
    const rights = { python, slots: 1, through: rightsOfTheImage() };
    const victim = await startRunner(cloud, rights);
    const session = await storeSession(cloud, intruder, [
      { name: 'escapes', entry: 'escapes_and_waits' },
    ]);
    await session.dispatch(0);
    const pid = await printed(session, /left (\d+)\./);
    victim.signal('SIGKILL');
    await victim.ended;
    expect(existsSync(`/proc/${pid}/exe`)).toBe(true);
    await cloud.pool.removeLease(WORKER, victim.runnerId);

    const successor = await startRunner(cloud, rights);

    await isGone('the process that the callback left', pid);
    await successor.stop();
  });
});

describe('a runner that has neither bubblewrap nor user ids', { timeout: 60_000 }, () => {
  let runner: RunnerProcess;
  let workFolder: string;
  let withoutBubblewrap: { PATH: string };

  beforeAll(async () => {
    const closed = join(cloud.folder.root, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    workFolder = join(closed, 'work');
    withoutBubblewrap = { PATH: folderOfPrograms(cloud.folder.root, ['env', 'getent']) };
    runner = await startRunner(cloud, {
      workFolder,
      environment: { ...withoutBubblewrap, GANTRY_JOB_MEMORY_MIB: String(MEMORY_LIMIT_MIB) },
    });
  }, 240_000);
  afterAll(async () => {
    await runner.stop();
  });

  const runOne = async (entry: string, params: Record<string, unknown> = {}) => {
    const session = await storeSession(cloud, intruder, [{ name: entry, entry, params }]);
    return runJob(session, 0);
  };

  it('says so once, with the reason, and calls callbacks under its own', async () => {
    const job = await runOne('who');

    expect(resultOf(job)).toMatchObject({ users: [0, 0, 0].map(() => process.getuid?.()) });
    const warnings = runner.log().match(/.*nothing keeps callbacks.*/g) ?? [];
    expect(warnings).toHaveLength(1);
    expect(JSON.parse(warnings[0] ?? '')).toMatchObject({ level: 'WARN', isolation: 'none' });
    expect(warnings[0]).toContain('the command bwrap) is not installed');
    expect(warnings[0]).toMatch(/cannot be used|cannot set user ids|only on Linux/);
  });

  it('ends a process that left its group and has no parent', async () => {
    const job = await runOne('escapes', { bare: false });

    expect(job.error).toBeUndefined();
    expect(existsSync(`/proc/${resultOf(job) as number}/exe`)).toBe(false);
  });

  it('does not start where they are required', async () => {
    const other = await startRunner(cloud, {
      workFolder,
      environment: { ...withoutBubblewrap, GANTRY_ISOLATION: 'required' },
    });

    expect(await other.ended).toEqual({ code: 1, signal: null });
    expect(existsSync(other.folder)).toBe(false);
  });

  it('ends a job whose processes take more memory together than it may, and names the limit', async () => {
    const job = await runOne('takes_memory');

    expect(job).toMatchObject({ state: 'FAILED', error: { type: 'MemoryLimitExceeded' } });
    expect(job.reason).toContain(`limit of ${MEMORY_LIMIT_MIB} MiB`);
    expect(await logOf(cloud, job)).toContain(`limit of ${MEMORY_LIMIT_MIB} MiB`);
  });

  it('counts memory that processes share once', async () => {
    expect(await runOne('shares_memory')).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('ends the callback of a job that was cancelled within seconds, and leaves the job as it is', async () => {
    const session = await storeSession(cloud, intruder, [{ name: 'waits', entry: 'waits' }]);
    const status = await session.dispatch(0);
    const pid = await printed(session, /working as (\d+)\./);
    await cloud.store.finishJob(
      session.sessionId,
      nodeId(0),
      1,
      { state: 'CANCELLED', reason: 'a person cancelled it' },
      Date.now(),
    );
    const cancelled = await ended(session, 0);

    await isGone('the callback', pid);
    await until('the execution ends', 20_000, async () =>
      (await status()) === 'SUCCEEDED' ? true : undefined,
    );

    expect(await session.job(0)).toEqual(cancelled);
    const log = await logOf(cloud, cancelled);
    expect(log).toContain('cleaning up');
    expect(log).toContain('[gantry] the job was cancelled');
  });

  it('ends the callback of a job that has gone to another run', async () => {
    const session = await storeSession(cloud, intruder, [{ name: 'waits', entry: 'waits' }]);
    await session.dispatch(0);
    const pid = await printed(session, /working as (\d+)\./);

    const requeued = await cloud.store.requeueJob(session.sessionId, nodeId(0), 1, Date.now());
    await isGone('the callback', pid);

    expect(await session.job(0)).toEqual(requeued);
  });
});
