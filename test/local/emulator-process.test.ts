/** What is changed of the emulator as it is published: tests of its own, on its own Python. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { EMULATOR_PYTHON, pythonEnvironment } from '../../local/python.ts';
import { loadSettings, REPOSITORY } from '../../local/settings.ts';
import { EMULATOR_HOOK_MS } from '../support/emulator.ts';

it(
  'The emulator gives a message to who waits for it as soon as it is there, as SQS does',
  async () => {
    const { toolsDirectory } = loadSettings(process.env);
    const logFile = join(toolsDirectory, 'emulator.log');
    const environment = await pythonEnvironment({ ...EMULATOR_PYTHON, toolsDirectory, logFile });
    const folder = mkdtempSync(join(tmpdir(), 'gantry-emulator-'));
    try {
      const { stderr } = await promisify(execFile)(
        join(environment, 'bin', 'python'),
        [join(REPOSITORY, 'test', 'local', 'gantry_emulator_queues.py')],
        {
          env: {
            PATH: process.env['PATH'],
            HOME: process.env['HOME'],
            PYTHONPATH: join(REPOSITORY, 'local', 'emulator-process'),
            PYTHONDONTWRITEBYTECODE: '1',
            TMPDIR: folder,
          },
        },
      );

      expect(stderr).toMatch(/Ran 4 tests.*\n\nOK/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  EMULATOR_HOOK_MS,
);
