import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putRecord, takeRecord } from '../../local/deployment.ts';

const record = { hash: 'abc' };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-record-'));
  file = join(folder, 'deployment.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the record of a deployment', () => {
  it('is there again after an orderly stop', () => {
    putRecord(file, record);

    expect(takeRecord(file)).toEqual(record);
  });

  it('is gone while Gantry runs, so that a kill leads to a new deployment', () => {
    putRecord(file, record);
    takeRecord(file);

    expect(takeRecord(file)).toBeUndefined();
  });

  it('counts for nothing when it lacks what this version needs', () => {
    writeFileSync(file, '{}');

    expect(takeRecord(file)).toBeUndefined();
  });
});
