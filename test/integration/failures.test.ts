/** Service code that goes wrong in every way: each ends with a clear message, and the rest goes on. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../core/contracts/api.ts';
import { jobNamed, RunningGantry, time } from '../support/gantry.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));

const sessionWith = async (aeTitle: string, service: string): Promise<Session> => {
  await gantry.done('service', 'install', `./test/fixtures/services/${service}`, '--force');
  await gantry.aeTitle(aeTitle, [service]);
  const study = await makeVolume(1);
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: aeTitle }, study.files));
  return gantry.endedSession(study.studyInstanceUid, 180_000);
};

const logOf = async (id: string): Promise<string> => (await gantry.done('job', 'logs', id)).stdout;

describe('worker callbacks', () => {
  let session: Session;

  beforeAll(async () => {
    session = await sessionWith('MISBEHAVE', 'misbehaving');
  });

  it('make the session a failure, whatever else went well', () => {
    expect(session.state).toBe('FAILED');
    expect(jobNamed(session, 'fine')).toMatchObject({ state: 'SUCCEEDED', result: 'fine' });
  });

  it('leave their exception with its traceback', () => {
    const { state, error } = jobNamed(session, 'throws');

    expect(state).toBe('FAILED');
    expect(error).toMatchObject({ type: 'ValueError', message: 'the "lung" is\nmissing' });
    expect(error?.traceback).toContain('raise ValueError');
  });

  it('turn what depends on them to SKIPPED, naming the job that failed', () => {
    expect(jobNamed(session, 'after-throws')).toMatchObject({
      state: 'SKIPPED',
      reason: expect.stringMatching(/\bthrows\b/) as string,
    });
    expect(jobNamed(session, 'after-after-throws')).toMatchObject({
      state: 'SKIPPED',
      reason: expect.stringContaining('after-throws') as string,
    });
  });

  it('are ended when their time is over, with every process that they started', async () => {
    const job = jobNamed(session, 'hangs');
    const log = await logOf(job.id);
    // By the environment: in a sandbox, the number of a process that a callback tells is another one outside.
    const left = await leftBehindIn(`DCM-PROCESSOR-SERVICE-JOB-ID=${job.id}`);

    expect(job.state).toBe('TIMED_OUT');
    expect(`${job.reason ?? ''} ${job.error?.message ?? ''}`).toMatch(/\b2 s/);
    expect(time(job.endedAt) - time(job.startedAt)).toBeGreaterThanOrEqual(2000);
    expect(time(job.endedAt) - time(job.startedAt)).toBeLessThan(20_000);
    expect(log).toMatch(/with child process [0-9]+/);
    expect(left).toEqual([]);
  });

  it('may print a megabyte, and its end is there', async () => {
    const job = jobNamed(session, 'prints-a-megabyte');

    const log = await logOf(job.id);

    expect(job).toMatchObject({ state: 'SUCCEEDED', result: 'printed' });
    expect(log.length).toBeGreaterThanOrEqual(1024 * 1024);
    expect(log.trimEnd()).toMatch(/the last word$/);
  });

  it('must return what JSON can hold', () => {
    const { state, error } = jobNamed(session, 'returns-no-json');

    expect(state).toBe('FAILED');
    expect(error?.message).toMatch(/JSON/);
  });

  it('fail when they kill their process, with the signal and what was printed before', async () => {
    const job = jobNamed(session, 'kills-itself');

    expect(job.state).toBe('FAILED');
    expect(job.error?.message).toMatch(/SIGKILL/);
    expect(await logOf(job.id)).toContain('about to die');
  });

  it('fail when they end the interpreter, with the exit code', () => {
    const { state, error } = jobNamed(session, 'exits');

    expect(state).toBe('FAILED');
    expect(`${error?.type ?? ''}: ${error?.message ?? ''}`).toMatch(/SystemExit.*3|code 3/);
  });

  it('fail by name when the module does not have them', () => {
    const { state, error } = jobNamed(session, 'is-not-there');

    expect(state).toBe('FAILED');
    expect(error?.message).toContain('is_not_there');
  });

  it('are tried again after a while if their job says so, and the failed try stays in sight', () => {
    const job = jobNamed(session, 'fails-once');
    const [failed, ...others] = job.failedTries;

    expect(job).toMatchObject({ state: 'SUCCEEDED', result: 'worked', attempts: 2, reason: null });
    expect(others).toEqual([]);
    expect(failed).toMatchObject({
      attempt: 1,
      state: 'FAILED',
      reason: 'ConnectionError: the licence server is away',
    });
    expect(time(job.startedAt) - time(failed?.endedAt ?? null)).toBeGreaterThanOrEqual(1900);
  });

  it('do not keep post-services from running last', () => {
    const post = jobNamed(session, 'post-services');
    const others = session.jobs.filter(({ id }) => id !== post.id);

    expect(post.state).toBe('SUCCEEDED');
    expect(
      Math.max(...others.map(({ endedAt }) => (endedAt === null ? 0 : time(endedAt)))),
    ).toBeLessThanOrEqual(time(post.endedAt));
  });
});

describe('registry callbacks', () => {
  let session: Session;

  beforeAll(async () => {
    session = await sessionWith('MISREGISTRY', 'misbehaving-registry');
  });

  it.each([
    { name: 'registry-throws', says: /KeyError.*StationName|StationName/ },
    { name: 'registry-hangs', says: /[0-9]+ s/ },
    { name: 'registry-exits', says: /SystemExit|exit|ended/ },
    { name: 'registry-is-not-there', says: /is_not_there/ },
    { name: 'registry-says-no', says: /registry/i },
    { name: 'after-registry-throws', says: /registry-throws/ },
  ])('leave $name skipped with the reason', ({ name, says }) => {
    const job = jobNamed(session, name);

    expect(job.state).toBe('SKIPPED');
    expect(job.reason).toMatch(says);
  });

  it('that answer are followed, with what they add', () => {
    expect(jobNamed(session, 'registry-fine')).toMatchObject({
      state: 'SUCCEEDED',
      result: { 'registry-fine': { station: 'A1' } },
    });
  });

  it('that break make the session a failure: a job silently did not run', () => {
    expect(session.state).toBe('FAILED');
  });
});
