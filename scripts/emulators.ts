/**
 * `npm run emulators` runs the integration tests on both emulators, then this writes docs/emulators.md from the
 * reports of the two runs: what passed on each, file by file, and what LocalStack cannot do, with the reason.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { gapsOf } from '../test/support/localstack-gaps.ts';
import { REPOSITORY } from './python-tools.ts';
import { reportPath } from './report-path.ts';
import { addTallies, type Tally } from './tally.ts';

const Report = z.object({
  startTime: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      endTime: z.number(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});
type Report = z.infer<typeof Report>;

/** What one emulator's run left, by the path of the test file. */
export interface EmulatorRun {
  readonly files: ReadonlyMap<string, Tally>;
  readonly minutes: number;
}

const filesOf = ({ testResults }: Report): ReadonlyMap<string, Tally> =>
  new Map(
    testResults.map(({ name, assertionResults }) => {
      const passed = assertionResults.filter(({ status }) => status === 'passed').length;
      // A file of which nothing ran has failed as a whole.
      const failed = Math.max(assertionResults.length - passed, passed === 0 ? 1 : 0);
      return [relative(REPOSITORY, name), { passed, failed }];
    }),
  );

/** From the JSON reporter's text. */
export const emulatorRun = (text: string): EmulatorRun => {
  const report = Report.parse(JSON.parse(text));
  const end = Math.max(...report.testResults.map(({ endTime }) => endTime));
  return { files: filesOf(report), minutes: (end - report.startTime) / 60_000 };
};

const counted = ({ passed, failed }: Tally): string =>
  failed === 0 ? `${passed} passed` : `${passed} passed, **${failed} failed**`;

/** The rows of the table; throws with every file that should have run and has not. */
export const rows = (
  files: readonly string[],
  ministack: EmulatorRun,
  localStack: EmulatorRun,
  reasons: ReadonlyMap<string, string>,
): string[] => {
  const missing: string[] = [];
  const cell = (file: string, run: EmulatorRun, name: string, reason?: string): string => {
    const found = run.files.get(file);
    if (found !== undefined) return counted(found);
    if (reason === undefined) missing.push(`${file} on ${name}`);
    return `left out: ${reason ?? ''}`;
  };
  const body = files.map(
    (file) =>
      `| \`${file}\` | ${cell(file, ministack, 'ministack')} | ${cell(file, localStack, 'LocalStack', reasons.get(file))} |`,
  );
  if (missing.length > 0) throw new Error(`not in the reports: ${missing.join(', ')}`);
  const sum = ({ files: runs, minutes }: EmulatorRun): string =>
    `**${counted(addTallies([...runs.values()]))}**, ${minutes.toFixed(0)} min`;
  return [...body, `| together | ${sum(ministack)} | ${sum(localStack)} |`];
};

const version = (requirements: string, name: string): string => {
  const text = readFileSync(join(REPOSITORY, requirements), 'utf8');
  return new RegExp(`^${name}.*==([0-9.]+)`, 'm').exec(text)?.[1] ?? '';
};

const runOn = (emulator: 'ministack' | 'localstack'): EmulatorRun => {
  const path = reportPath(`vitest-${emulator}.json`);
  if (!existsSync(path)) throw new Error(`${path} is not there: npm run emulators makes it`);
  return emulatorRun(readFileSync(path, 'utf8'));
};

const written = (): string => {
  const files = globSync('test/{integration,conformance/dcm-processor}/*.test.ts', {
    cwd: REPOSITORY,
  }).sort();
  const reasons = new Map(
    gapsOf('running-localstack').map(({ file, reason }) => [file, reason] as const),
  );
  return [
    '# The integration tests on two emulators',
    '',
    `Written by \`npm run emulators\` on ${new Date().toISOString().slice(0, 10)}, on ${availableParallelism()} processors. The same tests drive a whole Gantry on both.`,
    'What is left out on LocalStack, and why, is named in `test/support/localstack-gaps.ts` alone. The minutes include the start of the emulator and the deployment.',
    '',
    `| file | ministack ${version('local/emulator-requirements.txt', 'ministack')} | LocalStack ${version('local/localstack/requirements.txt', 'localstack-core')} |`,
    '| --- | --- | --- |',
    ...rows(files, runOn('ministack'), runOn('localstack'), reasons),
    '',
  ].join('\n');
};

if (import.meta.main) writeFileSync(join(REPOSITORY, 'docs', 'emulators.md'), written());
