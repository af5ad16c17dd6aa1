/** A Python that every user of this computer can run: one of a home folder, for instance, is its owner's only. */
import { spawnSync } from 'node:child_process';

const CANDIDATES = ['/usr/bin/python3', '/usr/local/bin/python3', 'python3'];
const NOBODY = 65_534;
const CHECK = 'import sys, venv; sys.exit(sys.version_info < (3, 11))';

/** Needs the right to set user ids; throws when there is none. */
export const pythonForEverybody = (): string => {
  const python = CANDIDATES.find(
    (candidate) =>
      spawnSync(candidate, ['-c', CHECK], { cwd: '/', uid: NOBODY, gid: NOBODY }).status === 0,
  );
  if (python === undefined) throw new Error('no Python here can be run by another user');
  return python;
};
