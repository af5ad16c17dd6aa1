/**
 * Writes the list of SOP classes in docs/conformance.md anew, from those that the listener offers:
 * `node_modules/.bin/node scripts/conformance.ts`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STORAGE_SOP_CLASSES } from '../core/upper-layer/storage-sop-classes.ts';
import { REPOSITORY } from './python-tools.ts';

export const STATEMENT = join(REPOSITORY, 'docs', 'conformance.md');

const HEADING = '## Storage SOP classes\n';

/** The statement with the list at its end; what was there is replaced. */
export const withSopClasses = (statement: string): string => {
  const [before = ''] = statement.split(HEADING);
  const lines = [...STORAGE_SOP_CLASSES].map(([uid, name]) => `- ${uid} ${name}\n`);
  return `${before}${HEADING}\nWritten by \`scripts/conformance.ts\`.\n\n${lines.join('')}`;
};

if (import.meta.main) {
  await writeFile(STATEMENT, withSopClasses(await readFile(STATEMENT, 'utf8')));
}
