/** The conformance statement says what the listener offers. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { STATEMENT, withSopClasses } from '../../scripts/conformance.ts';

describe('the list of SOP classes in the conformance statement', () => {
  it('is that of the listener; else: node_modules/.bin/node scripts/conformance.ts', async () => {
    const statement = await readFile(STATEMENT, 'utf8');

    expect(statement).toBe(withSopClasses(statement));
    expect(statement).toContain('- 1.2.840.10008.5.1.4.1.1.2 CT Image Storage');
  });

  it('replaces the one that was there, and nothing else', () => {
    const before = '# Statement\n\n## Storage SOP classes\n\n- 1.2 Old\n';

    const after = withSopClasses(before);

    expect(after.startsWith('# Statement\n\n## Storage SOP classes\n\n')).toBe(true);
    expect(after).not.toContain('Old');
    expect(withSopClasses(after)).toBe(after);
  });
});
