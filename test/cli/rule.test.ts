/** `gantry rule` as a process: what a person sees of a rule before it is saved. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pydicomFiles } from '../support/dicom-files.ts';
import { runProgram } from '../support/program.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');
/** Nobody is there: files need no Gantry. */
const NOBODY = 'http://127.0.0.1:9';

let folder: string;
let files: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-rule-'));
  files = await pydicomFiles('CT_small.dcm', 'MR_small.dcm');
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const gantry = (...args: readonly string[]) =>
  runProgram(process.execPath, [CLI, ...args], { GANTRY_API: NOBODY });

const rule = async (text: string): Promise<string> => {
  const file = join(folder, 'rule.jsonata');
  await writeFile(file, text);
  return file;
};

const dicom = (): string[] => files.flatMap((file) => ['--dicom', file]);

describe('gantry rule', () => {
  it('checks a rule and tells what it reads', async () => {
    const good = await gantry(
      ...['rule', 'check', await rule('$max(instances.SliceThickness) < 2'), '--json'],
    );
    const bad = await gantry('rule', 'check', await rule('instances.SliceThicknes < 2'));

    expect(JSON.parse(good.stdout)).toEqual({ ok: true, reads: ['SliceThickness'] });
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('did you mean "SliceThickness"?');
  });

  it('tries a rule on files, with every value that it reads', async () => {
    const text = '$count(instances[Modality = "CT" and Rows = 128]) = 1';

    const shown = await gantry('rule', 'try', await rule(text), ...dicom());
    const document = await gantry('rule', 'try', await rule(text), ...dicom(), '--json');

    expect(shown.stdout).toBe(
      'matched\n  instances.Modality: "CT" (1), "MR" (1)\n  instances.Rows: 128 (1)\n',
    );
    expect(JSON.parse(document.stdout)).toMatchObject({
      outcome: 'matched',
      readings: [{ path: 'instances.Modality' }, { path: 'instances.Rows' }],
    });
  });

  it('ends with 1 for a rule that fails, and with 2 when it is not said what to try it on', async () => {
    const failed = await gantry('rule', 'try', await rule('instances.Modality'), ...dicom());
    const unsaid = await gantry('rule', 'try', await rule('true'));

    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain('failed: it gave a list');
    expect(unsaid.code).toBe(2);
  });
});
