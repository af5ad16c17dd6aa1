import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentHash } from '../../local/content-hash.ts';

let root: string;
const write = (path: string, content: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-hash-'));
  write('infra/app.ts', 'stacks');
  write('infra/constructs/queue.ts', 'queue');
  write('lambdas/plan/index.ts', 'plan');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const hash = (...facts: string[]): string => contentHash(root, ['infra', 'lambdas', 'none'], facts);

describe('the hash of what a synthesis reads', () => {
  it('is the same when nothing changed', () => {
    expect(hash('4566')).toBe(hash('4566'));
  });

  it('changes with a file’s content', () => {
    const before = hash();

    write('lambdas/plan/index.ts', 'another plan');

    expect(hash()).not.toBe(before);
  });

  it('changes when a file is added or renamed', () => {
    const before = hash();
    write('infra/constructs/topic.ts', '');
    const added = hash();
    rmSync(join(root, 'infra/constructs/topic.ts'));
    write('infra/constructs/subject.ts', '');

    expect(new Set([before, added, hash()]).size).toBe(3);
  });

  it('changes with a fact such as a port', () => {
    expect(hash('4566')).not.toBe(hash('4567'));
  });

  it('does not see what Python leaves behind', () => {
    const before = hash();

    write('lambdas/registry/__pycache__/gantry_registry.cpython-313.pyc', 'compiled');

    expect(hash()).toBe(before);
  });
});
