/** `gantry apply`, `export` and `schema` as processes, against the real API handler. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatedApi, type EmulatedApi } from '../support/emulated-api.ts';
import { aJob, aPackage } from '../support/packages.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');

let api: EmulatedApi;
let folder: string;

beforeAll(async () => {
  api = await startEmulatedApi();
  folder = await mkdtemp(join(tmpdir(), 'gantry-apply-'));
  const files = aPackage({ name: 'nodule', version: '1.2.0', jobs: [aJob({ params: { a: 1 } })] });
  for (const [path, file] of Object.entries(files)) {
    const target = join(folder, 'packages', 'nodule', path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, typeof file === 'string' ? file : file.text);
  }
}, 60_000);

afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

const gantry = (...args: readonly string[]): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [CLI, ...args], { GANTRY_API: api.url });

const inFile = async (configuration: unknown): Promise<string> => {
  const file = join(folder, 'gantry.json');
  await writeFile(file, JSON.stringify(configuration));
  return file;
};

const WHOLE = {
  aeTitles: { CT1: { groupBy: 'Study', timeout: 10, pipelines: { lung: 'lung' } } },
  pipelines: { lung: { services: ['nodule'] } },
  services: {
    nodule: {
      version: '1.2.0',
      source: 'packages/nodule',
      jobs: { segment: { params: { a: 2 } } },
    },
  },
};

describe('gantry apply', { timeout: 60_000 }, () => {
  it('installs what a file needs, sets the rest at once, and then has nothing to change', async () => {
    const file = await inFile(WHOLE);

    const tried = await gantry('apply', '-f', file, '--dry-run');
    const untouched = await gantry('service', 'list', '--json');
    const applied = await gantry('apply', '-f', file);
    const again = await gantry('apply', '-f', file);

    expect(tried).toMatchObject({ code: 0 });
    expect(tried.stdout.split('\n')).toEqual(
      expect.arrayContaining([
        '> install service nodule',
        '    source: packages/nodule',
        '+ add pipeline lung',
        '+ add ae-title CT1',
        '    timeout: 10',
        '- remove ae-title GANTRY',
      ]),
    );
    expect(tried.stderr).toContain('nothing was changed');
    expect(JSON.parse(untouched.stdout)).toEqual([]);
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toContain('~ change service nodule');
    expect(again).toMatchObject({ code: 0, stdout: '', stderr: 'nothing to change\n' });
  });

  it('takes back what export gives, and changes nothing by it', async () => {
    await gantry('apply', '-f', await inFile(WHOLE));
    const exported = await gantry('export');
    const file = await inFile(JSON.parse(exported.stdout));

    const again = await gantry('apply', '-f', file, '--json');

    expect(JSON.parse(again.stdout)).toMatchObject({ applied: true, changes: [] });
  });

  it('keeps what the file does not name when told to', async () => {
    const file = await inFile({ aeTitles: { MR1: {} } });

    const outcome = await gantry('apply', '-f', file, '--keep', '--dry-run', '--json');

    expect(JSON.parse(outcome.stdout)).toMatchObject({
      changes: [{ action: 'add', section: 'aeTitles', name: 'MR1' }],
    });
  });

  it('prints every problem, installs nothing, and ends with 1', async () => {
    const services = { vessel: { source: 'packages/nodule' } };
    const file = await inFile({ services, aeTitles: { CT1: { timeout: -1, late: 'x' } } });
    const before = await gantry('service', 'list', '--json');

    const outcome = await gantry('apply', '-f', file);

    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/- aeTitles\.CT1\.timeout: /);
    expect(outcome.stderr).toMatch(/- aeTitles\.CT1\.late: /);
    expect((await gantry('service', 'list', '--json')).stdout).toBe(before.stdout);
  });

  it('ends with 1 for a file that is not there or is no JSON, and with 2 without one', async () => {
    const file = join(folder, 'broken.json');
    await writeFile(file, '{');

    expect(await gantry('apply', '-f', join(folder, 'gone'))).toMatchObject({ code: 1 });
    expect(await gantry('apply', '-f', file)).toMatchObject({ code: 1 });
    expect(await gantry('apply')).toMatchObject({ code: 2 });
  });
});

describe('gantry schema', () => {
  it('is the JSON Schema of every section', async () => {
    const { stdout } = await gantry('schema');

    const { properties } = JSON.parse(stdout) as { properties: Record<string, object> };
    expect(Object.keys(properties).sort()).toEqual([
      '$schema',
      'aeTitles',
      'destinations',
      'pipelines',
      'services',
      'sources',
      'workers',
    ]);
  });
});
