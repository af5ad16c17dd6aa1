/** Service packages as folders of this computer, written for a test. */
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PackageFiles } from './packages.ts';

/** Writes the files into `folder`, which is made. */
export const writeFiles = (folder: string, files: PackageFiles): void => {
  for (const [name, file] of Object.entries(files)) {
    const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o644 } : file;
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode & 0o777);
  }
};

/** A new folder with the files. */
export const packageFolder = (files: PackageFiles): string => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-package-'));
  writeFiles(folder, files);
  return folder;
};
