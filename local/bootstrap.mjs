/**
 * Runs a program of this repository from a fresh clone, on whatever Node (20 or newer) the computer has:
 * installs the dependencies if they are not what package-lock.json says, then runs the program on the Node
 * that is one of them. Usage: node local/bootstrap.mjs PROGRAM.ts|COMMAND [ARGUMENT …]
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const binaries = join(repository, 'node_modules', '.bin');

/** npm leaves what it installed in a lock file of its own; optional packages depend on the platform. */
const isInstalled = () => {
  const installedLock = join(repository, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock) || !existsSync(join(binaries, 'node'))) return false;
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packages(installedLock);
  return Object.entries(packages(join(repository, 'package-lock.json'))).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || installed[path]?.version === version,
  );
};

const install = () => {
  process.stderr.write('Installing dependencies (npm ci) …\n');
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  const { status } = spawnSync(command, [...first, 'ci', '--no-audit', '--no-fund'], {
    cwd: repository,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    process.stderr.write('npm ci failed: see above.\n');
    process.exit(1);
  }
};

const [program, ...rest] = process.argv.slice(2);
if (program === undefined) {
  process.stderr.write('usage: node local/bootstrap.mjs PROGRAM.ts|COMMAND [ARGUMENT …]\n');
  process.exit(2);
}
if (!isInstalled()) install();

const [command, first] = program.endsWith('.ts')
  ? [join(binaries, 'node'), [join(repository, program)]]
  : [join(binaries, program), []];
const child = spawn(command, [...first, ...rest], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}` },
});
// A terminal sends Ctrl-C to the program as well, others only to us: the program counts repetitions as one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`${command}: ${error.message}\n`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
