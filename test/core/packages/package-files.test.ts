/** Which files of an archive make a service package. */
import { describe, expect, it } from 'vitest';
import { filesBelow, findManifest, readPackage } from '../../../core/packages/package-files.ts';

const MANIFEST = JSON.stringify({
  name: 'lung',
  version: '1.0.0',
  service: {
    module: 'module',
    registry: 'registry',
    jobs: [{ jobName: 'a', workerEntry: 'w', registryEntry: 'r', events: ['stable-study'] }],
  },
});

describe('findManifest', () => {
  it.each([
    [['x/y/dcm-processor.json', 'z/dcm-processor.json'], 'z/dcm-processor.json'],
    [['b/dcm-processor.json', 'a/dcm-processor.json'], 'a/dcm-processor.json'],
    [['__MACOSX/dcm-processor.json', 'a/b/dcm-processor.json'], 'a/b/dcm-processor.json'],
    [['a/my-dcm-processor.json'], undefined],
  ])('of %j takes %s', (paths, expected) => {
    expect(findManifest(paths)).toBe(expected);
  });
});

describe('readPackage', () => {
  it('finds the folders beside a nested manifest', () => {
    const reading = readPackage(
      ['top/p/dcm-processor.json', 'top/p/module/__init__.py', 'top/p/registry/__init__.py'],
      'top/p/dcm-processor.json',
      MANIFEST,
    );

    expect(reading).toMatchObject({
      ok: true,
      moduleFolder: 'top/p/module',
      registryFolder: 'top/p/registry',
    });
  });

  it('names every missing __init__.py by its path, and says what to do', () => {
    const reading = readPackage(
      ['dcm-processor.json', 'module/main.py'],
      'dcm-processor.json',
      MANIFEST,
    );

    expect(reading).toEqual({
      ok: false,
      problems: [
        {
          path: 'service.module',
          message: 'module/__init__.py is missing',
          remedy: 'add module/__init__.py, which imports the functions that the jobs name',
        },
        {
          path: 'service.registry',
          message: 'registry/__init__.py is missing',
          remedy:
            'the package has no folder "registry"; add it, or name the right one as service.registry',
        },
      ],
    });
  });

  it('tells missing files together with problems of the manifest', () => {
    const reading = readPackage(
      ['dcm-processor.json', 'registry/__init__.py'],
      'dcm-processor.json',
      MANIFEST.replace('"w"', '"not a name"'),
    );

    expect(reading.ok).toBe(false);
    expect(reading.ok ? [] : reading.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('workerEntry'),
      'module/__init__.py is missing',
    ]);
  });
});

describe('filesBelow', () => {
  it('gives the files in order, without caches', () => {
    const paths = [
      'm/b.py',
      'm/__init__.py',
      'm/__pycache__/b.pyc',
      'm/weights/w.bin',
      'module/no.py',
    ];

    expect(filesBelow(paths, 'm').map(({ relative }) => relative)).toEqual([
      '__init__.py',
      'b.py',
      'weights/w.bin',
    ]);
  });
});
