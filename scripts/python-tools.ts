/** The Python environment of the checks and tests: `.gantry/tools/checks`, made once for each pinned list. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';

export const REPOSITORY = join(import.meta.dirname, '..');
const FOLDER = join(REPOSITORY, '.gantry', 'tools', 'checks');
const LIST = join(REPOSITORY, 'scripts', 'python-tools.txt');

/** The path of a program of that environment. */
export const pythonTool = (name: string): string => join(FOLDER, 'bin', name);

/** Thrown when the environment cannot be made; the message holds what pip said. */
export class PythonToolsFailed extends Error {
  override readonly name = 'PythonToolsFailed';
}

/** Makes the environment unless it is there already and of this list. */
export const preparePythonTools = async (python = 'python3'): Promise<void> => {
  const stamp = join(FOLDER, 'gantry-stamp');
  const wanted = createHash('sha256').update(readFileSync(LIST)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(FOLDER, { recursive: true, force: true });
  const steps = [
    { program: python, args: ['-m', 'venv', FOLDER] },
    {
      program: pythonTool('python'),
      args: ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', LIST],
    },
  ];
  for (const step of steps) {
    const { code, output } = await run(step);
    if (code !== 0) {
      throw new PythonToolsFailed(`${step.program} ${step.args.join(' ')} failed:\n${output}`);
    }
  }
  writeFileSync(stamp, wanted);
};
