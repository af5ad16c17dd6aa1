/** `gantry import` as a process, against the real API handler. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatedApi, type EmulatedApi } from '../support/emulated-api.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FIXTURES = join(ROOT, 'test', 'fixtures', 'imports');
const SETTINGS = join(FIXTURES, 'clara-appsettings.json');

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(() => api.stop());

const gantry = (...args: readonly string[]): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [join(ROOT, 'cli', 'gantry.mjs'), ...args], {
    GANTRY_API: api.url,
  });

describe('gantry import', { timeout: 60_000 }, () => {
  it('prints what maps, what is changed and what cannot, and changes nothing', async () => {
    const before = await gantry('export');

    const outcome = await gantry('import', 'clara', SETTINGS);

    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/^taken over as it is:\n {2}\S/);
    expect(outcome.stdout).toContain('timeout 2 is below 5 seconds and is raised to 5');
    expect(outcome.stdout).toMatch(/not taken over:\n(.*\n)* {2}AE title OWN: its job processor/);
    expect(outcome.stderr).toContain('--apply');
    expect(await gantry('export')).toEqual(before);
  });

  it('sets it beside what is there when told to, and keeps a pipeline as a person made it', async () => {
    const first = await gantry('import', 'clara', SETTINGS, '--apply');
    const id = '7b9cda79ed834fdc87cd4169216c4011';
    await gantry('pipeline', 'set', id, '--service', 'glioma');
    const files = ['clara-appsettings.json', 'clara-claraaetitle.json'];
    const second = await gantry(
      ...['import', 'clara', ...files.map((file) => join(FIXTURES, file)), '--apply', '--json'],
    );

    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(second.stdout)).toMatchObject({
      applied: true,
      changes: [
        { action: 'add', section: 'pipelines' },
        { action: 'add', section: 'pipelines' },
        { action: 'add', section: 'aeTitles', name: 'LIVERAET' },
      ],
    });
    expect(JSON.parse((await gantry('export')).stdout)).toMatchObject({
      aeTitles: { GANTRY: {}, BrainTumorModel: { timeout: 5, groupBy: 'Patient' }, LIVERAET: {} },
      pipelines: { [id]: { services: ['glioma'] } },
      sources: { ORTHANC: { hosts: ['10.20.100.200', '10.20.100.201'] } },
    });
  });

  it('takes what the informatics gateway has', async () => {
    const outcome = await gantry('import', 'monai', join(FIXTURES, 'monai.json'), '--json');

    expect(JSON.parse(outcome.stdout)).toMatchObject({
      configuration: { aeTitles: { LIVERSEG: { timeout: 30 } } },
    });
  });

  it('ends with 1 for a file in which there is nothing of it', async () => {
    const outcome = await gantry('import', 'monai', join(ROOT, 'README.md'));

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('is no JSON');
  });
});
