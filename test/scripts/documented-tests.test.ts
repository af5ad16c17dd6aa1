/** Documents that name the tests of each promise; what they name is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../local/settings.ts';

const DOCUMENTS = ['docs/job-processors-tests.md', 'docs/dcm-processor-tests.md'] as const;

const PROMISE = /^- (.+)$/;
const TEST = /^ {2}- `([^`]+)`: (.+)$/;

interface NamedTest {
  readonly promise: string;
  readonly file: string;
  readonly title: string;
}

const text = (file: string): string => readFileSync(join(REPOSITORY, file), 'utf8');

/** Promises in their order, each with its tests. */
const promisesOf = (document: string): Map<string, NamedTest[]> => {
  const found = new Map<string, NamedTest[]>();
  let promise = '';
  for (const line of text(document).split('\n')) {
    promise = PROMISE.exec(line)?.[1] ?? promise;
    if (PROMISE.test(line)) found.set(promise, []);
    const [, file, title] = TEST.exec(line) ?? [];
    if (file === undefined || title === undefined) continue;
    const path = file.startsWith('examples/') ? file : join('test', file);
    found.get(promise)?.push({ promise, file: path, title });
  }
  return found;
};

/** As a test's title stands in its file: a literal in quotes of either kind, or a function of Python. */
const hasTitle = (source: string, title: string): boolean =>
  [`'${title}'`, `"${title}"`, `'${title.replaceAll("'", "\\'")}'`, `\ndef ${title}(`].some(
    (literal) => source.includes(literal),
  );

describe.each(DOCUMENTS)('%s', (document) => {
  it('has promises, and a test of each', () => {
    const all = promisesOf(document);

    expect(all.size).toBeGreaterThan(30);
    const untested = [...all].filter(([, tests]) => tests.length === 0);
    expect(untested.map(([promise]) => promise)).toEqual([]);
  });

  it('names tests that are there', () => {
    const missing = [...promisesOf(document).values()]
      .flat()
      .filter(
        ({ file, title }) => !existsSync(join(REPOSITORY, file)) || !hasTitle(text(file), title),
      );

    expect(missing.map(({ file, title }) => `${file}: ${title}`)).toEqual([]);
  });
});
