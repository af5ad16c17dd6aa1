/** Whatever happens to the tests, what they have started ends with their run. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../local/processes.ts';
import { endLeftBehind } from '../../scripts/left-behind.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-left-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A process of the data folder `name`, recorded as Gantry records its own. */
const recorded = (name: string): number => {
  const pids = join(folder, name, 'pids');
  mkdirSync(pids, { recursive: true });
  const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)'] as const;
  const { pid = 0 } = spawn(command[0], command.slice(1), { detached: true, stdio: 'ignore' });
  writeFileSync(join(pids, String(pid)), command.join('\0'));
  return pid;
};

describe('the end of a run of tests', () => {
  it('is the end of the recorded processes of every data folder in its folder, and of no others', async () => {
    mkdirSync(join(folder, 'no-data-folder'));
    const [first, second] = [recorded('gantry-integration-a'), recorded('gantry-restart-b')];

    const ended = await endLeftBehind(folder);

    expect(ended).toBe(2);
    expect([first, second].filter(isAlive)).toEqual([]);
    expect(isAlive(process.pid)).toBe(true);
  });

  it('is the end of what was installing or deploying for them', async () => {
    const installing = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      env: { TMPDIR: folder },
      stdio: 'ignore',
    });
    const exit = new Promise((resolve) => {
      installing.once('exit', (_code, signal) => {
        resolve(signal);
      });
    });
    await new Promise((resolve) => installing.once('spawn', resolve));

    expect(await endLeftBehind(folder)).toBe(1);
    expect(await exit).toBe('SIGKILL');
  });

  it('waits for a Gantry that still has its data folder, which ends its own processes in order', async () => {
    mkdirSync(join(folder, 'gantry-start-c', 'pids'), { recursive: true });
    const gantry = spawn(
      process.execPath,
      [
        '-e',
        "process.on('SIGTERM', () => setTimeout(() => process.exit(3), 200)); console.log('up'); setInterval(() => {}, 1000)",
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exit = new Promise<number | null>((resolve) => gantry.once('exit', resolve));
    await new Promise((resolve) => gantry.stdout.once('data', resolve));
    const running = { pid: gantry.pid, httpPort: 1, dimsePort: 2, apiUrl: 'http://127.0.0.1:1' };
    writeFileSync(join(folder, 'gantry-start-c', 'running.json'), JSON.stringify(running));

    await endLeftBehind(folder);

    expect(await exit).toBe(3);
  });
});
