/** A missing system package is named before anything else is done. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'test.mjs');

describe('npm test on a computer without DCMTK, Orthanc and Chromium', () => {
  it('names what is missing and the command that installs it in one line, and fails', () => {
    const emptyFolder = mkdtempSync(join(tmpdir(), 'gantry-path-'));

    const { status, stdout } = spawnSync(process.execPath, [script], {
      env: { PATH: emptyFolder },
      encoding: 'utf8',
    });

    expect(status).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'Missing for the tests: echoscu, storescu, dcmsend, Orthanc, chromium. Install with: sudo apt-get install -y dcmtk orthanc chromium',
      '0 passed, 1 failed',
    ]);
  });
});
