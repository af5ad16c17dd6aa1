/** A hash over files and folders: tells whether something that was made from them has to be made again. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Made by tools while they run, never an input. */
const IGNORED = new Set([
  '__pycache__',
  'node_modules',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
]);

const filesBelow = (path: string): string[] => {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !IGNORED.has(entry.name))
    .flatMap((entry) => filesBelow(join(path, entry.name)));
};

/**
 * Hex SHA-256 over names and contents below `root`, and over `facts`. The same for the same files in whatever
 * folder the tree lies. A path that does not exist counts as empty.
 */
export const contentHash = (
  root: string,
  paths: readonly string[],
  facts: readonly string[] = [],
): string => {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  const files = paths.flatMap((path) => filesBelow(join(root, path))).sort();
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`\0${file.slice(root.length)}\0${String(content.length)}\0`).update(content);
  }
  return hash.digest('hex');
};
