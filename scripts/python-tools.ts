/** The Python environment of the checks and tests, made once for each pinned list of what is in it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pythonEnvironment } from '../local/python.ts';
import { loadSettings, REPOSITORY } from '../local/settings.ts';

export { REPOSITORY };

export interface PythonTools {
  /** The path of a program of the environment. */
  readonly program: (name: string) => string;
}

/** Makes the environment unless it is there; throws with the end of pip's output when that fails. */
export const preparePythonTools = async (): Promise<PythonTools> => {
  const { toolsDirectory } = loadSettings(process.env);
  mkdirSync(toolsDirectory, { recursive: true });
  const folder = await pythonEnvironment({
    name: 'checks',
    requirements: 'scripts/python-tools.txt',
    paths: [],
    toolsDirectory,
    logFile: join(toolsDirectory, 'checks.log'),
  });
  return { program: (name) => join(folder, 'bin', name) };
};
