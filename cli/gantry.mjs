#!/usr/bin/env node
/**
 * Starts the command line with the Node that this package brings: the sources are TypeScript, which the
 * computer's own Node may be too old to run. Plain JavaScript, because any Node must be able to read it.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

const bundledNode = () => {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('node/package.json')), 'bin', 'node');
  } catch {
    return undefined;
  }
};

const node = bundledNode();
if (node === undefined) {
  process.stderr.write('gantry: its packages are not installed; run: npm ci\n');
  process.exit(1);
}
const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
// The terminal sends Ctrl-C to both; this process waits for what the other makes of it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT') child.kill(signal);
  });
}
child.on('error', (error) => {
  process.stderr.write(`gantry: ${node} cannot be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));
