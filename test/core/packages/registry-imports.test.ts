import { describe, expect, it } from 'vitest';
import { notesOnRegistryImports } from '../../../core/packages/registry-imports.ts';

const named = (text: string): string[] =>
  notesOnRegistryImports(new Map([['registry/main.py', text]])).map(
    (note) => /imports (\w+)/.exec(note)?.[1] ?? '',
  );

describe('imports of a registry', () => {
  it.each([
    ['import numpy as np', ['numpy']],
    ['import os, numpy, re', ['numpy']],
    ['from bson.objectid import ObjectId', ['bson']],
    ['def f():\n    import dcm_processor_service', ['dcm_processor_service']],
    ['import numpy.linalg\nfrom numpy import mean', ['numpy']],
  ])('are named that only the original has: %j', (text, names) => {
    expect(named(text)).toEqual(names);
  });

  it.each([
    'import pydicom',
    'from .main import callback',
    'import re  # numpy',
    '# import numpy',
    'text = "import numpy"',
    'import numpyless',
  ])('are left alone otherwise: %j', (text) => {
    expect(named(text)).toEqual([]);
  });

  it('are told with the file and with what is there', () => {
    expect(notesOnRegistryImports(new Map([['registry/a.py', 'import yaml']]))).toEqual([
      'registry/a.py imports yaml, which registry callbacks do not have: they have pydicom, pynetdicom and requests',
    ]);
  });
});
