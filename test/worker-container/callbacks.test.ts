/** What a warm runner makes of callbacks that behave and of callbacks that do not: real Python, real queues. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { until } from '../support/until.ts';
import { startEmulatedCloud, type EmulatedCloud } from './support/emulated-cloud.ts';
import { logOf, resultOf, runJob } from './support/outcomes.ts';
import { startRunner, type RunnerProcess } from './support/runner-process.ts';
import { storeModule, storeSession } from './support/stored-session.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

let cloud: EmulatedCloud;
let runner: RunnerProcess;
let good: { service: string; hash: string };
let bad: { service: string; hash: string };

beforeAll(async () => {
  cloud = await startEmulatedCloud();
  good = {
    service: 'good',
    hash: await storeModule(cloud, 'good', join(FIXTURES, 'worker_module')),
  };
  bad = {
    service: 'bad',
    hash: await storeModule(cloud, 'bad', join(FIXTURES, 'services', 'misbehaving', 'module')),
  };
  runner = await startRunner(cloud);
}, 240_000);

afterAll(async () => {
  await runner.stop();
  await cloud.stop();
}, 30_000);

describe('a callback that behaves', { timeout: 60_000 }, () => {
  it('sees its job and nothing of the platform around it', async () => {
    const session = await storeSession(cloud, good, [
      { name: 'look', entry: 'surroundings', params: { threshold: 3 } },
    ]);

    const job = await runJob(session, 0);

    expect(job.error).toBeUndefined();
    const seen = resultOf(job) as {
      environment: Record<string, string>;
      [name: string]: unknown;
    };
    // Bubblewrap tells the working directory.
    expect(
      Object.keys(seen.environment)
        .filter((name) => name !== 'PWD')
        .sort(),
    ).toEqual([
      'DCM-PROCESSOR-SERVICE-DB-NAME',
      'DCM-PROCESSOR-SERVICE-DB-PROVIDER',
      'DCM-PROCESSOR-SERVICE-DB-URL',
      'DCM-PROCESSOR-SERVICE-JOB-EVENT',
      'DCM-PROCESSOR-SERVICE-JOB-ID',
      'DCM-PROCESSOR-SERVICE-JOB-NAME',
      'DCM-PROCESSOR-SERVICE-JOB-SERVICE-NAME',
      'DCM-PROCESSOR-SERVICE-PEER-ID',
      'DCM-PROCESSOR-SERVICE-SESSION-ID',
      'GANTRY_JOB_SOCKET',
      'GANTRY_JOB_TOKEN',
      'HOME',
      'LANG',
      'PATH',
      'TMPDIR',
    ]);
    expect(seen.environment['DCM-PROCESSOR-SERVICE-JOB-NAME']).toBe('look');
    expect(seen.environment['DCM-PROCESSOR-SERVICE-JOB-EVENT']).toBe('stable-series');
    expect(seen['arguments']).toEqual([
      ...['added_params', 'db_name', 'db_provider', 'db_url', 'event', 'headers', 'job_id'],
      ...['job_name', 'params', 'service_id', 'session_id', 'worker_id', 'worker_type'],
    ]);
    expect(seen['params']).toEqual({ threshold: 3 });
    expect(seen['addedParams']).toEqual({ earlier: { seen: true } });
    expect(seen['workingDirectory']).not.toBe(seen['path0']);
    expect(seen['tool']).toBe('a tool of the package\n');
    expect(existsSync(String(seen['scratch']))).toBe(false);
    expect(readdirSync(join(runner.folder, 'attempts'))).toEqual([]);
  });

  it('gets the images of its series, and copies that are its own', async () => {
    const session = await storeSession(cloud, good, [
      { name: 'read', entry: 'reads_images', object: 1 },
    ]);

    const job = await runJob(session, 0);

    expect(job.error).toBeUndefined();
    const [, second] = session.objects.series;
    const instances = second?.instances.map(({ instance }) => instance.sopInstanceUid);
    expect(resultOf(job)).toMatchObject({
      instances,
      files: second?.instances.map(({ id }) => `${id}.dcm`),
      writable: true,
      unknown: null,
      peer: { name: 'CT01', aet: 'CT01', host: null },
      otherPeer: null,
    });
  });

  it('gets the images of all series of its study', async () => {
    const session = await storeSession(cloud, good, [
      { name: 'read', entry: 'reads_images', event: 'stable-study' },
    ]);

    const job = await runJob(session, 0);

    expect(resultOf(job)).toMatchObject({
      instances: session.manifest.series.flatMap(({ instances }) =>
        instances.map(({ sopInstanceUid }) => sopInstanceUid),
      ),
    });
  });

  it('finds what another job left for the same object, data and files alike', async () => {
    const session = await storeSession(cloud, good, [
      { name: 'leaves', entry: 'leaves_things', object: 0 },
      { name: 'leaves', entry: 'leaves_things', object: 1 },
      { name: 'finds', entry: 'finds_things', object: 1 },
    ]);

    await runJob(session, 0);
    await runJob(session, 1);
    const job = await runJob(session, 2);

    expect(job.error).toBeUndefined();
    expect(resultOf(job)).toEqual({
      of: session.objects.series[1]?.objectId,
      kinds: ['00ff', '2026-01-02T03:04:05', 'nan'],
      large: 1_000_000,
      missing: 'nothing',
      ofSeries: [],
      report: 'second',
      document: [6, '.txt', 2],
      big: 20_000_000,
      empty: '',
      absent: null,
    });
  });

  it('reads from its study what was stored for each series, and nothing of another event by name alone', async () => {
    const session = await storeSession(cloud, good, [
      { name: 'leaves', entry: 'leaves_things', object: 0 },
      { name: 'leaves', entry: 'leaves_things', object: 1 },
      { name: 'leaves', entry: 'leaves_things', event: 'stable-study' },
      { name: 'finds', entry: 'finds_things', event: 'stable-study' },
    ]);
    for (const index of [0, 1, 2]) await runJob(session, index);

    const job = await runJob(session, 3);

    expect(resultOf(job)).toMatchObject({
      of: session.objects.study[0]?.objectId,
      ofSeries: session.objects.series.map(({ objectId }) => objectId),
    });
  });

  it('may return what JSON has no word for: it is null, and the log says so', async () => {
    const session = await storeSession(cloud, good, [{ name: 'odd', entry: 'no_numbers' }]);

    const job = await runJob(session, 0);

    expect(job.state).toBe('SUCCEEDED');
    expect(resultOf(job)).toEqual([null, 1.5, null]);
    expect(await logOf(cloud, job)).toContain('the result held 2 times Infinity or NaN');
  });

  it('may return more than an item of the table holds', async () => {
    const session = await storeSession(cloud, good, [{ name: 'large', entry: 'large_result' }]);

    const job = await runJob(session, 0);

    expect(job.resultInBucket).toBe(true);
    expect(job.resultJson).toBeUndefined();
    const key = objectKeys.jobResult(job.sessionId, job.nodeId, 1);
    expect(await cloud.objects.getJson(key)).toBe('y'.repeat(500_000));
  });

  it('is followed while it runs', async () => {
    const released = join(cloud.shared, 'released');
    const session = await storeSession(cloud, good, [
      { name: 'slow', entry: 'prints_and_waits', params: { released } },
    ]);
    await session.dispatch(0);

    const running = await until('the log is there while the job runs', 20_000, async () => {
      const job = await session.job(0);
      const text = job === undefined ? '' : await logOf(cloud, job).catch(() => '');
      return text.includes('working on it') ? job : undefined;
    });

    expect(running.state).toBe('RUNNING');
    writeFileSync(released, '');
    await until('the job ends', 20_000, async () =>
      (await session.job(0))?.state === 'SUCCEEDED' ? true : undefined,
    );
  });
});

describe('a callback that does not behave', { timeout: 60_000 }, () => {
  const run = async (entry: string, timeoutSeconds?: number) => {
    const session = await storeSession(cloud, bad, [
      { name: entry, entry, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) },
    ]);
    return runJob(session, 0);
  };

  it('throws: the job has failed, with the traceback of the service alone', async () => {
    const job = await run('throws');

    expect(job.state).toBe('FAILED');
    expect(job.error?.type).toBe('ValueError');
    expect(job.error?.message).toBe('the "lung" is\nmissing');
    expect(job.error?.traceback).toContain('in throws');
    expect(job.error?.traceback).not.toContain('gantry_worker');
  });

  it('hangs, deaf to SIGTERM and with a child: it is ended after its timeout', async () => {
    const job = await run('hangs', 1);

    expect(job.state).toBe('TIMED_OUT');
    expect(job.reason).toContain('timeout of 1 s');
    const log = await logOf(cloud, job);
    expect(log).toContain('before hanging');
    expect(log).toContain('[gantry] the callback ran longer than its timeout');
  });

  it('prints a megabyte: the log has all of it, in order', async () => {
    const job = await run('prints_a_megabyte');

    expect(job.state).toBe('SUCCEEDED');
    const log = await logOf(cloud, job);
    expect(log).toHaveLength(1024 * 1024 + 'the last word\n'.length);
    expect(log.endsWith('x\nthe last word\n')).toBe(true);
  });

  it('prints more than a log holds: it says how much was cut', async () => {
    const session = await storeSession(cloud, good, [{ name: 'much', entry: 'prints_much' }]);

    const job = await runJob(session, 0);

    const log = await logOf(cloud, job);
    expect(log.length).toBeLessThan(8 * 1024 * 1024 + 100);
    expect(log).toContain(`[gantry] ${1024 * 1024} bytes were cut`);
  });

  it('returns what no JSON can hold: the error says so', async () => {
    const job = await run('returns_no_json');

    expect(job.state).toBe('FAILED');
    expect(job.error?.message).toContain('something that JSON cannot hold');
    expect(job.error?.message).toContain('set');
  });

  it('kills its own process: the error says so', async () => {
    const job = await run('kills_itself');

    expect(job.state).toBe('FAILED');
    expect(job.error?.type).toBe('ProcessDied');
    expect(job.error?.message).toContain('SIGKILL');
    expect(await logOf(cloud, job)).toContain('about to die');
  });

  it('calls sys.exit: the error says so', async () => {
    const job = await run('exits');

    expect(job.state).toBe('FAILED');
    expect(job.error).toMatchObject({ type: 'SystemExit' });
    expect(job.error?.message).toContain('sys.exit(3)');
  });

  it('is not there: the error names what is missing', async () => {
    const job = await run('no_such_entry');

    expect(job.state).toBe('FAILED');
    expect(job.error?.message).toContain("'no_such_entry'");
  });

  it('leaves a process behind: it is ended with it', async () => {
    const session = await storeSession(cloud, good, [{ name: 'child', entry: 'leaves_a_child' }]);

    const job = await runJob(session, 0);

    expect(job.state).toBe('SUCCEEDED');
    expect(await leftBehindIn(join(runner.folder, 'attempts'))).toEqual([]);
  });

  it('has nothing to compute on when the stored image is damaged', async () => {
    const session = await storeSession(cloud, good, [{ name: 'read', entry: 'reads_images' }]);
    const [instance] = session.manifest.series[0]?.instances ?? [];
    const damaged = Buffer.from(await cloud.objects.getBytes(instance?.objectKey ?? ''));
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 3) ^ 1, damaged.length - 3);
    await cloud.objects.put(instance?.objectKey ?? '', damaged, {
      length: damaged.length,
      contentType: 'application/dicom',
    });

    const job = await runJob(session, 0);

    expect(job.state).toBe('FAILED');
    expect(job.error?.type).toBe('InstanceCorrupt');
    expect(await logOf(cloud, job)).toContain('the callback was not called');
  });
});
