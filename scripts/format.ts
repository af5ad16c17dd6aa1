/** `npm run format`: Prettier and ruff put every file in order; ruff also mends what it safely can. */
import { join } from 'node:path';
import { run } from './command.ts';
import { preparePythonTools, REPOSITORY } from './python-tools.ts';

const tools = await preparePythonTools();
const prettier = [join('node_modules', '.bin', 'prettier'), '--write', '--log-level', 'warn', '.'];
const outcomes = [
  await run({ program: process.execPath, args: prettier, cwd: REPOSITORY, loud: true }),
  await run({
    program: tools.program('ruff'),
    args: ['check', '--fix', '--fix-only', '--quiet', '.'],
    cwd: REPOSITORY,
    loud: true,
  }),
  await run({
    program: tools.program('ruff'),
    args: ['format', '.'],
    cwd: REPOSITORY,
    loud: true,
  }),
];
process.exitCode = outcomes.every(({ code }) => code === 0) ? 0 : 1;
