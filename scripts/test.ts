/**
 * `npm test`: all checks and tests, or some of them. Words on the command line that name a part (`check`,
 * `unit`, `protocol`, `infra`, `original`, `integration`, `python`) choose parts; any other word is handed to the chosen
 * test runners as the beginning of a file name, and `-t PATTERN` as a part of a title. The part `localstack`
 * is the integration tests with LocalStack in the place of the default emulator; it runs when it is named.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopSignal } from '../local/stop-signal.ts';
import { gapsOf } from '../test/support/localstack-gaps.ts';
import { allChecks, runChecks } from './checks.ts';
import { run } from './command.ts';
import { withTemporaryFolder } from './left-behind.ts';
import { preparePythonTools, REPOSITORY, type PythonTools } from './python-tools.ts';
import { reportPath, REPORTS } from './report-path.ts';
import { addTallies, tallyLine, tallyPytest, tallyVitest, type Tally } from './tally.ts';

const VITEST_PROJECTS = ['unit', 'protocol', 'infra', 'original', 'integration'] as const;
const PARTS: readonly string[] = ['check', ...VITEST_PROJECTS, 'python'];
/** Needs a LocalStack besides, and the time that it takes. Which one: see localstack-kind.mjs. */
const LOCALSTACK = 'localstack';
const localStack = process.env['GANTRY_LOCALSTACK'] ?? LOCALSTACK;
const MINISTACK = 'ministack';

const tell = (text: string): void => {
  process.stdout.write(text);
};

/** After Ctrl-C, what runs ends, nothing more is begun, and the tally still comes last. */
const stop = stopSignal();

const reportOf = (name: string): string => {
  const path = reportPath(name);
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

interface TestRun {
  readonly rest: readonly string[];
  readonly temporary: string;
}

const vitest = async (
  projects: readonly string[],
  { rest, temporary }: TestRun,
  emulator = MINISTACK,
): Promise<Tally> => {
  tell(`\n--- ${projects.join(', ')}${emulator === MINISTACK ? '' : ` (${emulator})`}\n`);
  const report = reportOf(`vitest-${emulator}.json`);
  const { code } = await run({
    program: process.execPath,
    args: [
      join('node_modules', '.bin', 'vitest'),
      'run',
      // Most are two projects: the second has the files that run alone.
      ...projects.flatMap((project) => ['--project', `${project}*`]),
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      ...['--passWithNoTests', ...rest],
    ],
    env: {
      GANTRY_EMULATOR: emulator,
      TMPDIR: temporary,
      // Each file of tests and each `gantry …` is a process: what one has compiled, the next ones take.
      NODE_COMPILE_CACHE: join(temporary, 'compiled'),
    },
    cwd: REPOSITORY,
    loud: true,
    signal: stop.signal,
  });
  return tallyVitest(read(report), code);
};

const pytest = async (tools: PythonTools, { rest, temporary }: TestRun): Promise<Tally> => {
  tell('\n--- python\n');
  const report = reportOf('pytest.xml');
  const { code } = await run({
    program: tools.program('python'),
    args: ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`, ...rest],
    env: { TMPDIR: temporary },
    cwd: REPOSITORY,
    loud: true,
    signal: stop.signal,
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

const projects = parts.includes('vitest')
  ? VITEST_PROJECTS
  : VITEST_PROJECTS.filter((project) => parts.includes(project));
// The integration project starts a whole Gantry first: when that fails, the other tests still count.
const own = projects.filter((project) => project !== 'integration');

/** What fails sooner comes first. */
const runParts = async (tools: PythonTools, run: TestRun): Promise<Tally[]> => {
  const tallies: Tally[] = [];
  const tally = async (isChosen: boolean, part: () => Promise<Tally>): Promise<void> => {
    if (isChosen && !stop.signal.aborted) tallies.push(await part());
  };
  await tally(parts.includes('check'), () => check(tools));
  await tally(own.length > 0, () => vitest(own, run));
  await tally(parts.includes('python'), () => pytest(tools, run));
  await tally(projects.includes('integration'), () => vitest(['integration'], run));
  await tally(parts.includes(LOCALSTACK), () => {
    for (const { file, reason } of gapsOf(localStack)) tell(`\nLeft out: ${file}: ${reason}\n`);
    return vitest(['integration'], run, localStack);
  });
  if (stop.signal.aborted) tallies.push({ passed: 0, failed: 1 });
  return tallies;
};

mkdirSync(REPORTS, { recursive: true });
const tools = await preparePythonTools();
const tallies = await withTemporaryFolder((temporary) => runParts(tools, { rest, temporary }));
const total = addTallies(tallies);
tell(`\n${tallyLine(total)}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
