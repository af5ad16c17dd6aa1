/** Counting: what passed, what failed, and failures that have no test to blame. */
import { describe, expect, it } from 'vitest';
import { addTallies, tallyLine, tallyPytest, tallyVitest } from '../../scripts/tally.ts';

const vitestReport = (files: readonly { status: string; tests: readonly string[] }[]): string =>
  JSON.stringify({
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  });

const pytestReport = (attributes: string): string =>
  `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" ${attributes}></testsuite></testsuites>`;

describe('the tally of a Vitest report', () => {
  it('counts each test once', () => {
    const report = vitestReport([
      { status: 'passed', tests: ['passed', 'passed'] },
      { status: 'failed', tests: ['passed', 'failed'] },
    ]);

    expect(tallyVitest(report, 1)).toEqual({ passed: 3, failed: 1 });
  });

  it('counts a file that could not be loaded as one failure', () => {
    const report = vitestReport([{ status: 'failed', tests: [] }]);

    expect(tallyVitest(report, 1)).toEqual({ passed: 0, failed: 1 });
  });

  it('counts a run that failed without any failed test as one failure', () => {
    const report = vitestReport([{ status: 'passed', tests: ['passed'] }]);

    expect(tallyVitest(report, 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('counts a run that left no report as one failure', () => {
    expect(tallyVitest(undefined, 0)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('the tally of a pytest report', () => {
  it('takes failures and errors from what ran', () => {
    const report = pytestReport('errors="1" failures="2" skipped="0" tests="10" time="1.2"');

    expect(tallyPytest(report, 1)).toEqual({ passed: 7, failed: 3 });
  });

  it('counts a run that left no report as one failure', () => {
    expect(tallyPytest(undefined, 4)).toEqual({ passed: 0, failed: 1 });
  });

  it('counts a failing exit code without failures as one failure', () => {
    const report = pytestReport('errors="0" failures="0" skipped="0" tests="2"');

    expect(tallyPytest(report, 3)).toEqual({ passed: 2, failed: 1 });
  });
});

describe('the last line of npm test', () => {
  it('sums all parts in plain words', () => {
    const total = addTallies([
      { passed: 3, failed: 0 },
      { passed: 4, failed: 1 },
    ]);

    expect(tallyLine(total)).toBe('7 passed, 1 failed');
  });
});
