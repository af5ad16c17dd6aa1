/** The console Lambda: reads the files that were bundled beside it once. It may do nothing but write its log. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConsoleSettings } from '../../core/contracts/console.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { makeHandler, type ConsoleAsset } from './handler.ts';

const variables = readVariables(process.env, [ENV.consoleSettings]);
const text = (name: ConsoleAsset): string => readFileSync(join(import.meta.dirname, name), 'utf8');

export const handler = makeHandler(
  {
    'index.html': text('index.html'),
    'console.js': text('console.js'),
    'console.css': text('console.css'),
    'icon.svg': text('icon.svg'),
  },
  ConsoleSettings.parse(JSON.parse(variables[ENV.consoleSettings])),
);
