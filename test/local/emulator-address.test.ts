import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { moveState } from '../../local/emulator-address.ts';

let folder: string;
const table = (): string => readFileSync(join(folder, 'sqs.json'), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-state-'));
  moveState(folder, 4566);
  writeFileSync(
    join(folder, 'sqs.json'),
    '{"url":"http://127.0.0.1:4566/0/plan","other":"http://127.0.0.1:45660/"}',
  );
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the state of the emulator', () => {
  it('follows it to another port', () => {
    moveState(folder, 4600);

    expect(table()).toBe(
      '{"url":"http://127.0.0.1:4600/0/plan","other":"http://127.0.0.1:45660/"}',
    );
  });

  it('comes back with it', () => {
    const before = table();

    moveState(folder, 4600);
    moveState(folder, 4566);

    expect(table()).toBe(before);
  });

  it('stays as it is on the same port', () => {
    const before = table();

    moveState(folder, 4566);

    expect(table()).toBe(before);
  });
});
