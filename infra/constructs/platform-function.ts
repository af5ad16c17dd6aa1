/** A Lambda of the platform: lambdas/<name>/index.ts as one bundled file with the SDK it was tested with. */
import { RemovalPolicy, type Duration } from 'aws-cdk-lib';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { programLogs } from './logging.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

/** Some dependencies are CommonJS; in an ES module they find `require` only if somebody makes one. */
const REQUIRE_IN_MODULES =
  "import { createRequire as gantryCreateRequire } from 'node:module';" +
  'const require = gantryCreateRequire(import.meta.url);';

export interface PlatformFunctionProps {
  readonly config: SiteConfig;
  /** The folder below lambdas/. */
  readonly name: string;
  readonly description: string;
  readonly timeout: Duration;
  /** MiB; CPU grows with it (1769 MiB is one vCPU). */
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
}

export const platformFunction = (
  scope: Construct,
  id: string,
  { config, name, environment, ...settings }: PlatformFunctionProps,
): NodejsFunction =>
  new NodejsFunction(scope, id, {
    ...settings,
    functionName: resourceNames(config.deployment).function(name),
    entry: `${REPOSITORY}lambdas/${name}/index.ts`,
    depsLockFilePath: `${REPOSITORY}package-lock.json`,
    projectRoot: REPOSITORY,
    handler: 'handler',
    // Executions that run while a release is made go on calling the version that they began with.
    currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    runtime: Runtime.NODEJS_24_X,
    architecture: config.profile === 'aws' ? Architecture.ARM_64 : Architecture.X86_64,
    logGroup: programLogs(scope, `${id}Logs`, config, name),
    environment: {
      ...environment,
      POWERTOOLS_SERVICE_NAME: name,
    },
    bundling: {
      format: OutputFormat.ESM,
      target: 'node24',
      externalModules: [],
      mainFields: ['module', 'main'],
      banner: REQUIRE_IN_MODULES,
      minify: true,
      // Errors are told apart by their class's name in logs.
      keepNames: true,
    },
  });
