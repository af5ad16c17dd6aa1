/** A Lambda of the platform: lambdas/<name>/index.ts as one bundled file with the SDK it was tested with. */
import type { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { acknowledge } from './acknowledge.ts';
import { programLogs } from './logging.ts';
import { KEPT } from './versions.ts';

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
  /** Shell commands that put further files beside the bundle, into the folder that they are given. */
  readonly files?: (outputDirectory: string) => string[];
}

/** May write into its own log group; what else is given by platform-grants. */
const functionRole = (scope: Construct, id: string, logGroup: ILogGroup): Role => {
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  });
  role.addToPolicy(
    new PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  return role;
};

export const platformFunction = (
  scope: Construct,
  id: string,
  { config, name, environment, files = () => [], ...settings }: PlatformFunctionProps,
): NodejsFunction => {
  const logGroup = programLogs(scope, `${id}Logs`, config, name);
  const holder = new NodejsFunction(scope, id, {
    ...settings,
    role: functionRole(scope, id, logGroup),
    functionName: resourceNames(config.deployment).function(name),
    entry: `${REPOSITORY}lambdas/${name}/index.ts`,
    depsLockFilePath: `${REPOSITORY}package-lock.json`,
    projectRoot: REPOSITORY,
    handler: 'handler',
    currentVersionOptions: { removalPolicy: KEPT },
    runtime: Runtime.NODEJS_24_X,
    architecture: config.profile !== 'embedded' ? Architecture.ARM_64 : Architecture.X86_64,
    logGroup,
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
      commandHooks: {
        beforeBundling: () => [],
        beforeInstall: () => [],
        afterBundling: (_input, output) => files(output),
      },
    },
  });
  acknowledge(holder, {
    'HIPAA.Security-LambdaConcurrency':
      'Concurrency is bounded where it starts, by the event source or the throttle of the API; a reservation would be taken from the account’s other functions.',
    'HIPAA.Security-LambdaDLQ':
      'Messages that cannot be handled go to the dead-letter queue of their source; what is called by the clock or by a state machine is called again.',
    'HIPAA.Security-LambdaInsideVPC':
      'It calls APIs of AWS only, with a role of its own; in a VPC it would call the same through endpoints that are paid by the hour.',
  });
  return holder;
};
