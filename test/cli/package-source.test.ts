/** What becomes of a folder, and of an archive, on its way to being a package: all of it is in the zip, or it is refused. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailed } from '../../cli/lib/failures.ts';
import { packageZip } from '../../cli/lib/package-source.ts';
import { unzip } from '../support/packages.ts';

let folder: string;
let source: string;
let temporary: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-source-'));
  [source, temporary] = [join(folder, 'service'), join(folder, 'temporary')];
  await mkdir(join(source, 'module', 'data'), { recursive: true });
  await mkdir(temporary);
  await writeFile(join(source, 'dcm-processor.json'), '{}');
  await writeFile(join(source, 'module', '__init__.py'), 'x = 1\n', { mode: 0o755 });
});

afterEach(() => rm(folder, { recursive: true }));

const namesOf = async (from: string): Promise<string[]> =>
  Object.keys(await unzip(await readFile(await packageZip(from, temporary)))).sort();

describe('a folder', () => {
  it('is packed with what its links to files lead to, and without what tools leave in it', async () => {
    await symlink('__init__.py', join(source, 'module', 'same.py'));
    for (const name of ['.git', '__pycache__', '.venv']) {
      await mkdir(join(source, name));
      await writeFile(join(source, name, 'left'), '');
    }

    expect(await namesOf(source)).toEqual([
      'dcm-processor.json',
      'module/__init__.py',
      'module/same.py',
    ]);
  });

  it.each([
    ['out of it', '../../elsewhere', 'leads out of the package'],
    ['to a folder, which would be missing', 'data', 'a link to a folder'],
    ['nowhere', 'not-there', 'leads nowhere'],
  ])('is refused for a link %s', async (_, target, message) => {
    await writeFile(join(folder, 'elsewhere'), 'of somebody else');
    await symlink(target, join(source, 'module', 'linked'));

    const packing = packageZip(source, temporary);

    await expect(packing).rejects.toThrow(CommandFailed);
    await expect(packing).rejects.toThrow(message);
  });
});

describe('an archive', () => {
  const archive = (name: string): string => {
    execFileSync('tar', ['-czf', join(folder, name), '-C', folder, 'service']);
    return join(folder, name);
  };

  it('is packed with all of its files', async () => {
    expect(await namesOf(archive('service.tar.gz'))).toEqual([
      'service/dcm-processor.json',
      'service/module/__init__.py',
    ]);
  });

  it('is refused for links in it, and all of them are told', async () => {
    await symlink('/etc/hostname', join(source, 'module', 'one'));
    await symlink('__init__.py', join(source, 'module', 'other'));

    const packing = packageZip(archive('service.tgz'), temporary);

    await expect(packing).rejects.toThrow(CommandFailed);
    await expect(packing).rejects.toThrow(
      /module\/one, .*module\/other|module\/other, .*module\/one/,
    );
  });
});
