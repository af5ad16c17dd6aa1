/** The Python stand-in for a container engine: its own tests, and that nothing outlives the engine. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../local/processes.ts';
import { findPython } from '../../local/python.ts';
import { REPOSITORY } from '../../local/settings.ts';

const python = findPython().command;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-engine-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  PYTHONPATH: join(REPOSITORY, 'local', 'container-processes'),
  PYTHONDONTWRITEBYTECODE: '1',
  TMPDIR: folder,
  GANTRY_CONTAINER_IMAGES: join(folder, 'images.json'),
  GANTRY_CONTAINER_LOGS: join(folder, 'logs'),
  GANTRY_CONTAINER_PIDS: join(folder, 'pids'),
});

describe('containers as processes', () => {
  it('behave as the emulator expects of a container engine', async () => {
    const tests = join(REPOSITORY, 'test', 'local', 'container_processes.py');

    const { stderr } = await promisify(execFile)(python, [tests], { env: environment() });

    expect(stderr).toMatch(/Ran 12 tests.*\n\nOK/);
  }, 60_000);

  it('end with their engine', async () => {
    const sleeper = [python, '-c', 'import time; time.sleep(60)'];
    writeFileSync(join(folder, 'images.json'), JSON.stringify({ sleeper: { command: sleeper } }));
    const engine = spawn(
      python,
      [
        '-c',
        "import docker, sys; c = docker.from_env().containers.run('sleeper'); print(c._process.pid, flush=True); sys.stdin.read()",
      ],
      { env: environment(), stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const pid = await new Promise<number>((resolve) => {
      engine.stdout.once('data', (chunk: Buffer) => {
        resolve(Number(chunk.toString()));
      });
    });
    expect(isAlive(pid)).toBe(true);

    engine.stdin.end();

    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  }, 30_000);
});
