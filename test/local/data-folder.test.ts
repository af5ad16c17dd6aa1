/** Who of this computer may look into the data folder of a Gantry: it has images of patients. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  clearRunning,
  DataFolderUnusable,
  openDataFolder,
  readRunning,
  writeRunning,
} from '../../local/data-folder.ts';

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

describe('a data folder that cannot be', () => {
  it('is refused with its name and the variable that changes it', () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');

    expect(() => openDataFolder(join(file, 'data'))).toThrow(DataFolderUnusable);
    expect(() => openDataFolder(join(file, 'data'))).toThrow(
      `the data folder ${join(file, 'data')} cannot be written (ENOTDIR`,
    );
  });
});

describe('who has the data folder', () => {
  const addresses = { httpPort: 1, dimsePort: 2, apiUrl: 'http://127.0.0.1:1' };
  const change = (changed: object): void => {
    const file = join(parent, 'running.json');
    const running = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...running, ...changed }));
  };

  beforeEach(() => {
    writeRunning(parent, addresses);
  });

  it('is the process that wrote it down, until it says otherwise', () => {
    expect(readRunning(parent)).toMatchObject({ pid: process.pid, ...addresses });
    clearRunning(parent);
    expect(readRunning(parent)).toBeUndefined();
  });

  it('is nobody when another process has its number now, as after a restart of the computer', () => {
    change({ pid: process.ppid });

    expect(readRunning(parent)).toBeUndefined();
  });

  it('is nobody when this very process has its number now, as in a container that was started again', () => {
    change({ startedAs: 'an earlier one' });

    expect(readRunning(parent)).toBeUndefined();
  });
});
