/**
 * What the registry function of each service version is made with: a layer with our handler and the libraries
 * that registry callbacks may import, and a role with which they can write their own log and nothing else (invariant H).
 * On AWS the functions are in the VPC, with no way out of it: docs/decisions/004-functions-and-the-vpc.md.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { AssetHashType, DockerImage, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { programLogs } from './logging.ts';
import { platformArns } from './platform-names.ts';

const SOURCE = new URL('../../lambdas/registry/', import.meta.url).pathname;
const REQUIREMENTS = 'requirements.txt';

/** The layer's own modules. */
const modules = (): string[] =>
  readdirSync(SOURCE)
    .filter((name) => name.endsWith('.py'))
    .sort();

/** Wheels for Lambda's Python on ARM64, whatever this computer is; nothing is compiled. */
const FOR_LAMBDA = [
  ...['--platform', 'manylinux2014_aarch64', '--implementation', 'cp', '--python-version', '3.13'],
  '--only-binary=:all:',
];

const installLayer = (python: string, options: readonly string[], output: string): boolean => {
  const target = `${output}/python`;
  mkdirSync(target, { recursive: true });
  const pip = spawnSync(
    python,
    [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-cache-dir'],
      ...['--requirement', `${SOURCE}${REQUIREMENTS}`, '--target', target, ...options],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (pip.status !== 0) {
    throw new Error(`${python} -m pip could not install lambdas/registry/requirements.txt`);
  }
  // Last, so that no library can put its own module in the place of ours.
  for (const file of modules()) copyFileSync(`${SOURCE}${file}`, `${target}/${file}`);
  return true;
};

/** What the Lambda service needs of a function's role to put the function into a VPC; none of it has a narrower form. */
const INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** For the service alone: what calls with a function's credentials carries the function's ARN, and is denied. */
const interfacesForTheService = (role: Role, functions: string): void => {
  role.addToPolicy(new PolicyStatement({ actions: INTERFACES, resources: ['*'] }));
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: [...INTERFACES, 'ec2:DetachNetworkInterface'],
      resources: ['*'],
      conditions: { ArnLike: { 'lambda:SourceFunctionArn': functions } },
    }),
  );
};

export interface RegistryRuntime {
  readonly layerArn: string;
  readonly role: Role;
  /** Of all registry functions: what callbacks print may name a patient, so it has the site's key and an end. */
  readonly logGroupName: string;
}

export const registryRuntime = (scope: Construct, config: SiteConfig): RegistryRuntime => {
  const names = resourceNames(config.deployment);
  const onAws = config.profile !== 'embedded';
  const python = (scope.node.tryGetContext('python') as string | undefined) ?? 'python3';
  const options = onAws ? FOR_LAMBDA : [];
  const hash = createHash('sha256').update(JSON.stringify([config.profile, options]));
  for (const file of [...modules(), REQUIREMENTS]) hash.update(readFileSync(`${SOURCE}${file}`));

  const layer = new LayerVersion(scope, 'RegistryLayer', {
    layerVersionName: names.registryLayer,
    description: 'Handler and libraries of registry functions',
    code: Code.fromAsset(SOURCE, {
      assetHashType: AssetHashType.CUSTOM,
      assetHash: hash.digest('hex'),
      bundling: {
        // Never pulled: the local bundling below either works or ends the synthesis with its reason.
        image: DockerImage.fromRegistry('python:3.13'),
        local: { tryBundle: (output) => installLayer(python, options, output) },
      },
    }),
    compatibleRuntimes: [Runtime.PYTHON_3_13],
    ...(onAws ? { compatibleArchitectures: [Architecture.ARM_64] } : {}),
    // Functions of installed versions go on using the layer that they were made with.
    removalPolicy: onAws ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });

  const logs = programLogs(scope, 'RegistryLogs', config, 'registry');
  const role = new Role(scope, 'RegistryRole', {
    roleName: names.registryRole,
    description:
      'Registry functions: their own logs; Lambda itself the interfaces of their network',
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  });
  role.addToPolicy(
    new PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logs.logGroupArn],
    }),
  );
  if (onAws) {
    interfacesForTheService(
      role,
      platformArns(Stack.of(scope), config.deployment).registryFunctions,
    );
  }
  return { layerArn: layer.layerVersionArn, role, logGroupName: logs.logGroupName };
};
