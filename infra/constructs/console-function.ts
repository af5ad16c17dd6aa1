/**
 * The function that serves the console, and the console as files beside its bundle: its program as one script, and
 * page, style and icon as they are. Its environment comes with the address: see http-api.ts.
 */
import { Duration } from 'aws-cdk-lib';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { platformFunction } from './platform-function.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

/** Shell commands that put them into a folder. That nothing of Node is used, a test sees to. */
export const consoleFiles = (outputDirectory: string): string[] => [
  [
    `"${REPOSITORY}node_modules/.bin/esbuild" "${REPOSITORY}console/main.ts"`,
    '--bundle --minify --format=esm --target=es2023 --log-level=warning --log-override:import-is-undefined=silent',
    `--outfile="${outputDirectory}/console.js"`,
  ].join(' '),
  ...['index.html', 'console.css', 'icon.svg'].map(
    (name) => `cp "${REPOSITORY}console/${name}" "${outputDirectory}/${name}"`,
  ),
];

export const consoleFunction = (scope: Construct, config: SiteConfig): NodejsFunction =>
  platformFunction(scope, 'console-function', {
    config,
    name: 'console',
    description: "The console's files",
    timeout: Duration.seconds(10),
    memorySize: 256,
    environment: {},
    files: consoleFiles,
  });
