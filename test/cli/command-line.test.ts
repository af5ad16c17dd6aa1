/** The real command line as a process, against the real handler: output, messages, exit codes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessions } from '../../aws/sessions.ts';
import { sessionId } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { startEmulatedApi, type EmulatedApi } from '../support/emulated-api.ts';
import { aGroup } from '../support/groups.ts';
import { aJob, aPackage, zipOf, type PackageFiles } from '../support/packages.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';
import { aNode, aSession } from '../support/sessions.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');

let api: EmulatedApi;
let folder: string;

beforeAll(async () => {
  api = await startEmulatedApi();
  folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
}, 60_000);

afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

const gantry = (...args: readonly string[]): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [CLI, ...args], { GANTRY_API: api.url });

const json = (outcome: ProgramOutcome): unknown => {
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return JSON.parse(outcome.stdout) as unknown;
};

const write = async (name: string, files: PackageFiles): Promise<string> => {
  for (const [path, file] of Object.entries(files)) {
    const target = join(folder, name, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, typeof file === 'string' ? file : file.text);
  }
  return join(folder, name);
};

describe('gantry', () => {
  it('writes one JSON document to stdout with --json, and a table without', async () => {
    const document = json(await gantry('ae-title', 'list', '--json'));
    const table = await gantry('ae-title', 'list');

    expect(document).toMatchObject([{ aeTitle: 'GANTRY', groupBy: 'Patient' }]);
    expect(table.stdout).toMatch(/^AE TITLE +PROCESSOR +GROUP BY/);
    expect(table.stdout).toMatch(/^GANTRY +ae-title +Patient/m);
  });

  it('tells notes on stderr, so that stdout stays a document', async () => {
    const outcome = await gantry(
      ...['ae-title', 'set', 'CT1', '--timeout', '1', '--group-by', '(0010,0020),AccessionNumber'],
      ...['--priority', 'Higher', '--pipeline', 'all=default', '--json'],
    );

    expect(outcome.stderr).toContain('was raised to 5');
    expect(json(outcome)).toMatchObject({
      groupBy: ['Patient', 'AccessionNumber'],
      timeout: 5,
      priority: 'higher',
      pipelines: { all: 'default' },
    });
  });

  it('takes lists of SOP classes by name, and shows them by name to a person', async () => {
    const set = await gantry(
      ...['ae-title', 'set', 'CT3', '--accept', 'CTImageStorage', '1.2.840.10008.5.1.4.1.1.4'],
      ...['--ignore', 'MR Image Storage', '--late', 'Rerun', '--late-window', '60', '--json'],
    );
    const shown = await gantry('ae-title', 'show', 'CT3');
    const emptied = await gantry(
      ...['ae-title', 'set', 'CT3', '--accept', 'any', '--ignore', 'none', '--json'],
    );

    expect(json(set)).toMatchObject({
      accept: ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.4'],
      ignore: ['1.2.840.10008.5.1.4.1.1.4'],
      late: 'rerun',
      lateWindow: 60,
    });
    expect(shown.stdout).toMatch(/^accept +CT Image Storage, MR Image Storage$/m);
    expect(json(emptied)).toMatchObject({ accept: [], ignore: [], late: 'rerun' });
  });

  it('prints every problem of a refused change, and ends with 1', async () => {
    const outcome = await gantry('ae-title', 'set', 'CT1', '--timeout', 'x', '--group-by', 'Rom');

    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toMatch(/- groupBy: "Rom" is no known attribute/);
    expect(outcome.stderr).toMatch(/- timeout: must be a number of seconds, not "x"/);
  });

  it.each([
    ['an unknown command', ['nothing']],
    ['a missing argument', ['session', 'show']],
    ['an unknown option', ['status', '--colour']],
    ['a pipeline without an id', ['ae-title', 'set', 'CT1', '--pipeline', 'lung']],
    ['a value of another type', ['service', 'set', 's', '-k', 'a', '-v', 'x', '-t', 'int']],
    ['a port that is none', ['echo', '--port', '99999']],
  ])('ends with 2 for %s', async (_, args) => {
    const outcome = await gantry(...args);

    expect(outcome.code).toBe(2);
    expect(outcome.stderr).not.toBe('');
  });

  it('says how to start Gantry when nobody answers', async () => {
    const outcome = await gantry('--api', 'http://127.0.0.1:9', 'status');

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('is Gantry running?');
    expect(outcome.stderr).toContain('npm start');
  });

  it('prints a JSON Schema of the configuration', async () => {
    expect(json(await gantry('schema'))).toMatchObject({
      $schema: expect.stringContaining('json-schema.org') as string,
      properties: { aeTitles: {}, sources: {}, pipelines: {} },
    });
  });
});

describe('gantry service', () => {
  it('installs a folder, and the same package from archives without a change', async () => {
    const source = await write('folder', aPackage({ name: 'archived' }));
    const tgz = join(folder, 'package.tgz');
    const xz = join(folder, 'package.tar.xz');
    const zip = join(folder, 'package.zip');
    await runProgram('tar', ['-czf', tgz, '-C', source, '.']);
    await runProgram('tar', ['-cJf', xz, '-C', source, '.']);
    await writeFile(zip, await zipOf(aPackage({ name: 'archived' })));

    const first = json(await gantry('service', 'install', source, '--json'));
    const again = json(await gantry('service', 'install', tgz, xz, zip, '--json'));
    const listed = json(await gantry('service', 'list', '--json'));

    expect(first).toMatchObject([{ outcome: 'installed', service: { name: 'archived' } }]);
    expect((again as { outcome: string }[]).map(({ outcome }) => outcome)).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
    ]);
    expect(listed).toMatchObject([{ name: 'archived', jobs: [{ jobName: 'segment' }] }]);
  }, 20_000);

  it('installs from a git repository', async () => {
    const source = await write('repository', aPackage({ name: 'cloned' }));
    const git = (...args: string[]) =>
      runProgram('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-C', source, ...args]);
    await git('init', '--quiet');
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'package');

    const done = json(await gantry('service', 'install', `file://${source}/.git`, '--json'));

    expect(done).toMatchObject([{ outcome: 'installed', service: { name: 'cloned' } }]);
  }, 20_000);

  it('tells all problems of a bad package, and still installs the good one', async () => {
    const bad = await write(
      'bad',
      aPackage(
        {
          name: 'bad',
          jobs: [aJob({ timeout: 'soon' }), aJob({ jobName: 'x', dependsOn: ['x'] })],
        },
        { 'module/__init__.py': undefined },
      ),
    );
    const good = await write('good', aPackage({ name: 'good' }));

    const outcome = await gantry('service', 'install', bad, good);

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/timeout is not a duration: "soon"/);
    expect(outcome.stderr).toMatch(/x → x/);
    expect(outcome.stderr).toMatch(/module\/__init__\.py is missing/);
    expect(outcome.stderr).toMatch(/installed: good 1\.0\.0/);
    expect(outcome.stderr).toMatch(/1 of 2 packages not installed/);
  }, 20_000);

  it('refuses a source that is nothing', async () => {
    const outcome = await gantry('service', 'install', join(folder, 'nowhere'));

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('there is no file or folder');
  });

  it('sets a parameter by its type, and disables a job', async () => {
    await gantry('service', 'install', await write('set', aPackage({ name: 'settable' })));

    await gantry('service', 'set', 'settable', '-k', 'model.size', '-v', '2', '-t', 'int');
    await gantry('service', 'disable', 'settable', '-j', 'segment');

    expect(json(await gantry('service', 'show', 'settable', '--json'))).toMatchObject({
      jobs: [{ params: { model: { size: 2 } }, disabled: true }],
    });
  }, 20_000);
});

describe('gantry session and job', () => {
  it('show, watch, print the log and the result of what has run', async () => {
    const session = aSession({});
    const store = tableSessions(api.context.table);
    await store.createSession(session);
    const node = aNode(session.id, 0, {
      name: 'segment',
      state: 'SUCCEEDED',
      attempt: 1,
      resultJson: '{"volume":2}',
    });
    await store.storePlan(session, [node], [], 1_000_000);
    await store.finishSession(session.id, { state: 'SUCCEEDED', endedAt: 1_002_000 });
    const log = Buffer.from('hello\nworld\n');
    await api.context.objects.put(objectKeys.jobLog(session.id, 'n00000', 1), log, {
      length: log.length,
      contentType: 'text/plain',
    });

    const shown = json(await gantry('session', 'show', session.id, '--json'));
    const watched = await gantry('session', 'watch', session.id, '--json');
    const logs = await gantry('job', 'logs', '-f', node.id);
    const result = json(await gantry('job', 'result', node.id));

    expect(shown).toMatchObject({ id: session.id, jobs: [{ id: node.id, state: 'SUCCEEDED' }] });
    expect(watched.code).toBe(0);
    expect(JSON.parse(watched.stdout.trim())).toEqual(shown);
    expect(logs.stdout).toBe('hello\nworld\n');
    expect(result).toEqual({ volume: 2 });
  }, 20_000);

  it('say why a job has no log', async () => {
    const session = aSession({});
    const store = tableSessions(api.context.table);
    await store.createSession(session);
    const reason = 'The registry callback said no for this object.';
    const node = aNode(session.id, 0, { state: 'SKIPPED', reason });
    await store.storePlan(session, [node], [], 1_000_000);

    const logs = await gantry('job', 'logs', node.id);

    expect(logs).toEqual({
      code: 0,
      stdout: '',
      stderr: `no log: the job is SKIPPED: ${reason}\n`,
    });
  }, 20_000);

  it('end with 1 when the watched session failed', async () => {
    const group = aGroup({ keyValues: ['1.7.1'], state: 'RELEASED' });
    await api.context.groups.open(group);
    const session = aSession({ id: sessionId(group.id, 'default'), groupId: group.id });
    const store = tableSessions(api.context.table);
    await store.createSession(session);
    await store.finishSession(session.id, { state: 'FAILED', reason: 'no', endedAt: 1_002_000 });

    const { code, stdout } = await gantry('session', 'watch', session.id);

    expect(code).toBe(1);
    expect(stdout).toMatch(/The session ended as FAILED .*: no\.\nsession FAILED: no\n$/);
  });
});

describe('gantry send', () => {
  it('refuses a file that is not DICOM by its name, and ends with 1', async () => {
    const notes = join(folder, 'notes.txt');
    await writeFile(notes, 'not an image');

    const outcome = await gantry('send', notes, '--to', 'GANTRY', '--port', '9', '--json');

    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      stored: 0,
      failed: 1,
      files: [{ path: notes, outcome: 'refused' }],
    });
    expect(outcome.stderr).toContain(notes);
  });

  it('says so when nobody answers an echo', async () => {
    const outcome = await gantry('echo', '--port', '9');

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('is Gantry running?');
  });
});
