/** Counts tests from the reports of Vitest and pytest. Whoever fails without a test to blame counts as one failure. */
import { z } from 'zod';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Tests that did not run are named as failures by nobody; there are none: skipping is forbidden by a lint rule. */
const VitestReport = z.object({
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/** `report` is the JSON reporter's text, or undefined when there is none; `code` the exit code of the run. */
export const tallyVitest = (report: string | undefined, code: number): Tally => {
  if (report === undefined) return { passed: 0, failed: 1 };
  const { testResults } = VitestReport.parse(JSON.parse(report));
  const tests = testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failedTests = tests.filter((test) => test.status === 'failed').length;
  // A file that cannot be loaded, or whose hooks fail, may have no failed test of its own.
  const failedFiles = testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return withExitCode({ passed, failed: failedTests + failedFiles }, code);
};

/** `report` is JUnit XML as pytest writes it: counts are attributes of its one test suite. */
export const tallyPytest = (report: string | undefined, code: number): Tally => {
  const suite = /<testsuite [^>]*>/.exec(report ?? '')?.[0];
  if (suite === undefined) return { passed: 0, failed: 1 };
  const count = (name: string): number =>
    Number(new RegExp(` ${name}="([0-9]+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return withExitCode({ passed: count('tests') - failed - count('skipped'), failed }, code);
};

const withExitCode = (tally: Tally, code: number): Tally =>
  code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;

/** Sums. */
export const addTallies = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
  failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
});

/** The line with which `npm test` ends. */
export const tallyLine = (tally: Tally): string => `${tally.passed} passed, ${tally.failed} failed`;
