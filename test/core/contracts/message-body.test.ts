import { expect, it } from 'vitest';
import { errorFacts } from '../../../core/contracts/message-body.ts';

it('an error is logged by its name and its place, and not with what it says', () => {
  const text = 'Unexpected token in {"PatientName":"DOE^JANE"}\n    at DOE^JOHN';
  const facts = errorFacts(new TypeError(text));

  expect(facts).toMatchObject({ error: 'TypeError' });
  expect(facts['at']).toMatch(/^at .*message-body\.test\.ts/);
  expect(JSON.stringify(facts)).not.toContain('DOE');
});

it('what the system or AWS says of an error is logged', () => {
  const full = Object.assign(new Error('no space left on /x'), { code: 'ENOSPC' });
  const refused = Object.assign(new Error('the table is not there'), { $fault: 'client' });

  expect(errorFacts(full)).toMatchObject({ error: 'Error', code: 'ENOSPC' });
  expect(errorFacts(refused)).toMatchObject({ detail: 'the table is not there' });
  expect(errorFacts('a text')).toEqual({ error: 'unknown' });
});
