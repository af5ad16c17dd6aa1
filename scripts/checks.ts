/** Every check that is not a test: format, lint, types, import direction, dead code, of TypeScript and Python. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Command } from './command.ts';
import { REPOSITORY, type PythonTools } from './python-tools.ts';

export interface Check extends Command {
  readonly name: string;
}

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** Folders whose TypeScript the import rules hold for. */
const ROOMS = [
  ...['core', 'aws', 'lambdas', 'listener-container', 'worker-container', 'cli', 'console'],
  ...['infra', 'local', 'scripts', 'test', 'bench', 'examples'],
];

// Service packages all have folders `module` and `registry`: each is checked from its own folder.
const PYTHON_ROOMS = [
  { cwd: 'worker-container/python', targets: ['.'] },
  { cwd: 'lambdas/registry', targets: ['.'] },
  { cwd: 'local/container-processes', targets: ['.'] },
  { cwd: 'local/emulator-process', targets: ['.'] },
  { cwd: 'local/localstack', targets: ['gantry_localstack'] },
  { cwd: 'examples/studies', targets: ['.'] },
];

const servicePackages = (): { cwd: string; targets: string[] }[] =>
  readdirSync(join(REPOSITORY, 'examples', 'services')).map((name) => ({
    cwd: `examples/services/${name}`,
    targets: ['module', 'registry'],
  }));

const node = (name: string, script: string, ...args: string[]): Check => ({
  name,
  program: process.execPath,
  args: [join('node_modules', '.bin', script), ...args],
  cwd: REPOSITORY,
});

const hasPython = (folder: string): boolean =>
  existsSync(folder) &&
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((file) => file.endsWith('.py'));

/** In the order in which they are started: the long ones first. */
export const allChecks = ({ program }: PythonTools): Check[] => [
  node('eslint', 'eslint', '.'),
  node('types', 'tsc', '-p', '.'),
  node('types of the console', 'tsc', '-p', 'console'),
  node('dead code', 'knip'),
  node(
    'import direction',
    'depcruise',
    ...['--config', '.dependency-cruiser.mjs'],
    ...ROOMS.filter((room) => existsSync(join(REPOSITORY, room))),
  ),
  node('format', 'prettier', '--check', '--log-level', 'warn', '.'),
  ...[...PYTHON_ROOMS, ...servicePackages()]
    .map(({ cwd, targets }) => ({ cwd: join(REPOSITORY, cwd), name: cwd, targets }))
    .filter(({ cwd }) => hasPython(cwd))
    .map(({ cwd, name, targets }) => ({
      name: `python types in ${name}`,
      program: program('mypy'),
      args: [
        ...['--config-file', join(REPOSITORY, 'pyproject.toml')],
        ...['--cache-dir', join(REPOSITORY, '.gantry', 'tools', 'mypy-cache')],
        ...targets,
      ],
      cwd,
    })),
  { name: 'python lint', program: program('ruff'), args: ['check', '.'], cwd: REPOSITORY },
  {
    name: 'python format',
    program: program('ruff'),
    args: ['format', '--check', '.'],
    cwd: REPOSITORY,
  },
];

const AT_A_TIME = 2;

/** Runs them, two at a time, and tells of each when it ends; what a failing one printed is told too. */
export const runChecks = async (
  checks: readonly Check[],
  tell: (text: string) => void,
): Promise<CheckResult[]> => {
  const results: CheckResult[] = [];
  const waiting = [...checks];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const { code, output, seconds } = await run(check);
      const passed = code === 0;
      results.push({ name: check.name, passed, output, seconds });
      tell(`${passed ? 'passed' : 'FAILED'}  ${check.name} (${seconds.toFixed(1)} s)\n`);
      if (!passed) tell(`${output.trimEnd()}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return results;
};
