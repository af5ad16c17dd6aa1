/** Who of this computer may look into the data folder of a Gantry: it has images of patients. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../local/data-folder.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'gantry-data-'));
  chmodSync(parent, 0o755);
});

afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('the data folder', () => {
  it('lets nobody but its owner list it, or enter what has images and logs', () => {
    const { root, ...folders } = openDataFolder(join(parent, 'data'));

    expect(modeOf(root)).toBe(isRoot ? 0o711 : 0o700);
    for (const path of [join(root, 'emulator'), folders.spool, folders.logs, folders.pids]) {
      expect(modeOf(path)).toBe(0o700);
    }
  });

  it('shuts the folders of an earlier start', () => {
    const root = join(parent, 'data');
    mkdirSync(join(root, 'spool'), { recursive: true, mode: 0o755 });

    expect(modeOf(openDataFolder(root).spool)).toBe(0o700);
  });

  it.runIf(isRoot)(
    'keeps another user from an object, and lets him through to his own things',
    () => {
      const { emulatorObjects, runnerWork } = openDataFolder(join(parent, 'data'));
      const [object, own] = [join(emulatorObjects, 'object'), join(runnerWork, 'own')];
      for (const file of [object, own]) writeFileSync(file, 'of a patient', { mode: 0o644 });
      const readBySomebody = (file: string) =>
        spawnSync('cat', [file], { cwd: '/', uid: NOBODY, gid: NOBODY }).status === 0;

      expect([object, own].map(readBySomebody)).toEqual([false, true]);
    },
  );
});
