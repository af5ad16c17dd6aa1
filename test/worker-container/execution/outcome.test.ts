import { expect, it } from 'vitest';
import { outcomeOf } from '../../../worker-container/execution/outcome.ts';

it('an error of service code fits into the item of its job, whatever it says of itself', () => {
  const long = '\u{1d11e}'.repeat(100_000);
  const text = JSON.stringify({ error: { type: long, message: long, traceback: long } });
  const limits = { timeoutSeconds: 1, memoryBytes: 1 };

  const outcome = outcomeOf({ kind: 'exited', code: 0, signal: null }, text, limits);

  expect(outcome.state).toBe('FAILED');
  expect(Buffer.byteLength(JSON.stringify(outcome))).toBeLessThan(200_000);
});
