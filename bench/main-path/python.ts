/** The Python environments that a first start expects to be there; making them takes a minute and the network. */
import { join } from 'node:path';
import { EMULATOR_PYTHON, pythonEnvironment, WORKER_PYTHON } from '../../local/python.ts';
import { loadSettings } from '../../local/settings.ts';

/** Returns the Python that runs callbacks; `folder` gets the log. */
export const preparePython = async (folder: string): Promise<string> => {
  const { toolsDirectory } = loadSettings(process.env);
  const logFile = join(folder, 'python.log');
  await pythonEnvironment({ ...EMULATOR_PYTHON, toolsDirectory, logFile });
  const worker = await pythonEnvironment({ ...WORKER_PYTHON, toolsDirectory, logFile });
  return join(worker, 'bin', 'python');
};
