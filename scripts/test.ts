/**
 * `npm test`: all checks and tests, or some of them. Words on the command line that name a part (`check`,
 * `unit`, `protocol`, `infra`, `integration`, `python`) choose parts; any other word is handed to the chosen
 * test runners as the beginning of a file name, and `-t PATTERN` as a part of a title. The part `localstack`
 * is the integration tests with LocalStack in the place of the default emulator; it runs when it is named.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gapsOf } from '../test/support/localstack-gaps.ts';
import { allChecks, runChecks } from './checks.ts';
import { run } from './command.ts';
import { preparePythonTools, REPOSITORY, type PythonTools } from './python-tools.ts';
import { addTallies, tallyLine, tallyPytest, tallyVitest, type Tally } from './tally.ts';

const VITEST_PROJECTS = ['unit', 'protocol', 'infra', 'integration'] as const;
const PARTS: readonly string[] = ['check', ...VITEST_PROJECTS, 'python'];
/** Needs a LocalStack besides, and the time that it takes. Which one: see localstack-kind.mjs. */
const LOCALSTACK = 'localstack';
const localStack = process.env['GANTRY_LOCALSTACK'] ?? LOCALSTACK;
const MINISTACK = 'ministack';
const REPORTS = join(REPOSITORY, '.gantry', 'reports');

const tell = (text: string): void => {
  process.stdout.write(text);
};

const reportOf = (name: string): string => {
  const path = join(REPORTS, name);
  rmSync(path, { force: true });
  return path;
};

const read = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined;

const check = async (tools: PythonTools): Promise<Tally> => {
  tell('\n--- checks\n');
  const results = await runChecks(allChecks(tools), tell);
  const passed = results.filter((result) => result.passed).length;
  return { passed, failed: results.length - passed };
};

const vitest = async (
  projects: readonly string[],
  rest: readonly string[],
  emulator = MINISTACK,
): Promise<Tally> => {
  tell(`\n--- ${projects.join(', ')}${emulator === MINISTACK ? '' : ` (${emulator})`}\n`);
  const report = reportOf(`vitest-${emulator}.json`);
  const { code } = await run({
    program: process.execPath,
    args: [
      join('node_modules', '.bin', 'vitest'),
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      ...['--passWithNoTests', ...rest],
    ],
    env: { GANTRY_EMULATOR: emulator },
    cwd: REPOSITORY,
    loud: true,
  });
  return tallyVitest(read(report), code);
};

const pytest = async (tools: PythonTools, rest: readonly string[]): Promise<Tally> => {
  tell('\n--- python\n');
  const report = reportOf('pytest.xml');
  const { code } = await run({
    program: tools.program('python'),
    args: ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`, ...rest],
    cwd: REPOSITORY,
    loud: true,
  });
  return tallyPytest(read(report), code);
};

const words = process.argv.slice(2);
const named = words.filter((word) => PARTS.includes(word) || word === LOCALSTACK);
const rest = words.filter((word) => !named.includes(word));
const isPython = (word: string): boolean => word.endsWith('.py') || word.includes('.py::');
// A file chooses its runner; with neither parts nor files, everything runs.
const parts =
  named.length > 0 ? named : rest.length > 0 ? [rest.some(isPython) ? 'python' : 'vitest'] : PARTS;

mkdirSync(REPORTS, { recursive: true });
const tools = await preparePythonTools();
const tallies: Tally[] = [];
if (parts.includes('check')) tallies.push(await check(tools));
const projects = parts.includes('vitest')
  ? VITEST_PROJECTS
  : VITEST_PROJECTS.filter((project) => parts.includes(project));
// The integration project starts a whole Gantry first: when that fails, the other tests still count.
const own = projects.filter((project) => project !== 'integration');
if (own.length > 0) tallies.push(await vitest(own, rest));
if (projects.includes('integration')) tallies.push(await vitest(['integration'], rest));
if (parts.includes(LOCALSTACK)) {
  for (const { file, reason } of gapsOf(localStack)) tell(`\nLeft out: ${file}: ${reason}\n`);
  tallies.push(await vitest(['integration'], rest, localStack));
}
if (parts.includes('python')) tallies.push(await pytest(tools, rest));

const total = addTallies(tallies);
tell(`\n${tallyLine(total)}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
