/**
 * Where a Python is on the disk: its environment, the installation that the environment is of, and the folders
 * from which it imports. A sandbox has to show all of them, for they may lie below somebody's home.
 */
import { execFile } from 'node:child_process';
import { readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

const PROBE = `
import json, sys
print(json.dumps([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sys.path]))
`;
const PROBE_TIMEOUT_MS = 30_000;
/** A link that leads to itself ends somewhere. */
const MAX_LINKS = 20;

const run = promisify(execFile);

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The command and whatever it is a link to, one after another. */
const linksFrom = async (command: string): Promise<string[]> => {
  const links = [command];
  for (let next = command; links.length < MAX_LINKS; links.push(next)) {
    const target = await readlink(next).catch(() => undefined);
    if (target === undefined) break;
    next = resolve(dirname(next), target);
  }
  return links;
};

export interface PythonProbe {
  /** The runner's `PATH`. */
  readonly path: string;
  /**
   * Its start runs nobody's code but ours: then it is asked for what `.pth` files add to its imports. The
   * environment of a worker is not: packages of others may have put code into it that runs at each start.
   */
  readonly trusted: boolean;
}

/** Paths of folders, and of links to the program, that are there; throws when the Python does not run. */
export const pythonFolders = async (
  python: string,
  { path, trusted }: PythonProbe,
): Promise<string[]> => {
  const { stdout } = await run(python, [...(trusted ? ['-I'] : ['-I', '-S']), '-c', PROBE], {
    ...{ cwd: '/', env: { PATH: path, LANG: 'C.UTF-8' }, timeout: PROBE_TIMEOUT_MS },
  });
  const told = [dirname(dirname(python)), ...(JSON.parse(stdout) as string[])];
  const folders = new Set<string>();
  for (const folder of told) {
    // The root is the prefix of a Python in /bin, whose folders are those of the system.
    if (folder === '/' || !(await isThere(folder))) continue;
    // Both: what asks for it by a link finds it, and what has followed the link, too.
    folders.add(folder).add(await realpath(folder));
  }
  return [...folders, ...(await linksFrom(python))];
};
