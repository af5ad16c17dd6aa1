/**
 * `npm test`, from a fresh clone on: names missing system packages first, installs what npm and pip can, then
 * hands over to test.ts on the Node that the repository pins. Plain JavaScript, for whatever Node is there.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localStackKind } from './localstack-kind.mjs';
import { missingSystemPackages } from './system-packages.mjs';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
const words = process.argv.slice(2);

// Parts that drive no foreign program run without them.
const drivesNone =
  words.length > 0 && words.every((word) => /^(check|unit|infra|python)$/.test(word));
const localStack = words.includes('localstack') ? localStackKind() : {};
const inHostMode = localStack.environment?.GANTRY_LOCALSTACK === 'localstack';
const problem = localStack.problem ?? (drivesNone ? undefined : missingSystemPackages(inHostMode));
if (problem !== undefined) {
  process.stdout.write(`${problem}\n0 passed, 1 failed\n`);
  process.exit(1);
}

const child = spawn(
  process.execPath,
  [join(repository, 'local', 'bootstrap.mjs'), 'scripts/test.ts', ...words],
  { stdio: 'inherit', cwd: repository, env: { ...process.env, ...localStack.environment } },
);
// A terminal sends Ctrl-C to all of us; this process only waits for the others to end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
