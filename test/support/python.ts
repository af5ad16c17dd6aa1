/** The Python that has pydicom, for comparisons with what pydicom reads. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnvironment, WORKER_PYTHON } from '../../local/python.ts';
import { loadSettings } from '../../local/settings.ts';

/** GANTRY_TEST_PYTHON names it; without it, that of the default worker, which is made if it is not there. */
export const testPython = async (): Promise<string> => {
  const given = process.env['GANTRY_TEST_PYTHON'];
  if (given !== undefined) return given;
  const { toolsDirectory } = loadSettings(process.env);
  const logFile = join(mkdtempSync(join(tmpdir(), 'gantry-python-')), 'install.log');
  const environment = await pythonEnvironment({ ...WORKER_PYTHON, toolsDirectory, logFile });
  return join(environment, 'bin', 'python');
};
