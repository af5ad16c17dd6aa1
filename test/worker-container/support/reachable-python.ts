/** A worker's Python that every user of this computer can run, wherever the repository and its tools are. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../../local/settings.ts';
import { pythonForEverybody } from '../../support/python-for-everybody.ts';

/** Made in `folder`: the SDK and the program of a callback, without the libraries for images. */
export const reachablePython = (folder: string): string => {
  const packages = join(folder, 'packages');
  const environment = join(folder, 'python');
  mkdirSync(packages, { recursive: true });
  cpSync(join(REPOSITORY, 'worker-container', 'python'), packages, { recursive: true });
  execFileSync(pythonForEverybody(), ['-m', 'venv', '--without-pip', environment]);
  const [version = ''] = readdirSync(join(environment, 'lib'));
  writeFileSync(join(environment, 'lib', version, 'site-packages', 'sdk.pth'), `${packages}\n`);
  return join(environment, 'bin', 'python');
};
