/** `gantry new processor`: what it writes type-checks, is formatted, and passes its own test as it is. */
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram, type ProgramOutcome } from '../support/program.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const PROCESSORS = 'site/processors';

/** The folder of a site: its own list, and everything else as it is here. */
let site: string;
beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), 'gantry-site-'));
  await mkdir(join(site, PROCESSORS), { recursive: true });
  await cp(join(REPOSITORY, PROCESSORS, 'index.ts'), join(site, PROCESSORS, 'index.ts'));
  for (const name of ['core', 'examples', 'node_modules', 'package.json', '.prettierrc.json']) {
    await symlink(join(REPOSITORY, name), join(site, name));
  }
});
afterEach(() => rm(site, { recursive: true, force: true }));

const node = (program: string, ...args: readonly string[]): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [join(REPOSITORY, program), ...args]);

const make = (name: string): Promise<ProgramOutcome> =>
  node('cli/gantry.mjs', 'new', 'processor', name, '--path', site);

const list = (): Promise<string> => readFile(join(site, PROCESSORS, 'index.ts'), 'utf8');

describe('gantry new processor', () => {
  it('makes a processor that type-checks beside another one, and whose test passes', async () => {
    const tsconfig = {
      extends: join(REPOSITORY, 'tsconfig.json'),
      compilerOptions: { incremental: true, tsBuildInfoFile: join(site, 'tsbuildinfo') },
      include: ['site', 'core/**/*.d.ts'],
    };
    await writeFile(join(site, 'tsconfig.json'), JSON.stringify(tsconfig));

    const made = [await make('night-shift'), await make('plain')];
    const types = await node('node_modules/typescript/bin/tsc', '--noEmit', '-p', site);
    const format = await node(
      ...(['node_modules/prettier/bin/prettier.cjs', '--check', join(site, PROCESSORS)] as const),
    );
    const tests = await node(
      ...(['node_modules/vitest/vitest.mjs', 'run', '--root', site, PROCESSORS] as const),
    );

    expect(made.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
    expect(types).toMatchObject({ code: 0, stdout: '' });
    expect([format.code, format.stderr]).toEqual([0, '']);
    expect(tests.stdout).toMatch(/Tests .*4 passed/);
    expect(await list()).toMatch(/'night-shift': NightShiftProcessor,\n {2}plain: PlainProcessor,/);
  }, 180_000);

  it.each([
    ['a name that is none', 'Night_Shift', 2, 'is no name for a job processor'],
    ['a name that is built in', 'cache', 2, 'is built in'],
    ['a name that the site has', 'every-nth-study', 1, 'has a processor "every-nth-study" already'],
  ])(
    'writes nothing for %s',
    async (_what, name, code, message) => {
      const before = await list();

      const outcome = await make(name);

      expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringContaining(message)]);
      expect([await list(), await readdir(join(site, PROCESSORS))]).toEqual([before, ['index.ts']]);
    },
    20_000,
  );

  it('says where it has to be run when there is no list of processors', async () => {
    await rm(join(site, PROCESSORS, 'index.ts'));

    const outcome = await make('night-shift');

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('run it in the folder of Gantry');
    expect(await readdir(join(site, PROCESSORS))).toEqual([]);
  }, 20_000);
});
