/** The table of what passed on which emulator: from reports alone, and from whole runs alone. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emulatorRun, rows } from '../../scripts/emulators.ts';
import { REPOSITORY } from '../../scripts/python-tools.ts';

const MINUTE = 60_000;

const runOf = (files: Record<string, readonly string[]>, minutes = 1) =>
  emulatorRun(
    JSON.stringify({
      startTime: 0,
      testResults: Object.entries(files).map(([name, statuses]) => ({
        name: join(REPOSITORY, name),
        endTime: minutes * MINUTE,
        assertionResults: statuses.map((status) => ({ status })),
      })),
    }),
  );

const whole = runOf({ 'a.test.ts': ['passed', 'passed'], 'b.test.ts': ['passed'] }, 3);

describe('the table of emulators', () => {
  it('has what passed on each, the reason of what is left out, and the sums', () => {
    const localStack = runOf({ 'a.test.ts': ['passed', 'passed'] }, 8);
    const reasons = new Map([['b.test.ts', 'it cannot']]);

    expect(rows(['a.test.ts', 'b.test.ts'], whole, localStack, reasons)).toEqual([
      '| `a.test.ts` | 2 passed | 2 passed |',
      '| `b.test.ts` | 1 passed | left out: it cannot |',
      '| together | **3 passed**, 3 min | **2 passed**, 8 min |',
    ]);
  });

  it('tells failures, also of a file of which nothing ran', () => {
    const localStack = runOf({ 'a.test.ts': ['passed', 'failed'], 'b.test.ts': [] });

    expect(rows(['a.test.ts', 'b.test.ts'], whole, localStack, new Map()).slice(0, 2)).toEqual([
      '| `a.test.ts` | 2 passed | 1 passed, **1 failed** |',
      '| `b.test.ts` | 1 passed | 0 passed, **1 failed** |',
    ]);
  });

  it('is not made of a run that left out what nobody gave a reason for', () => {
    const partial = runOf({ 'a.test.ts': ['passed', 'passed'] });

    expect(() => rows(['a.test.ts', 'b.test.ts'], whole, partial, new Map())).toThrow(
      'b.test.ts on LocalStack',
    );
  });
});
