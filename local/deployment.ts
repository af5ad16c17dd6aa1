/**
 * Deploys the stacks into the emulator, with the CDK as for AWS, unless what they are made from and what the
 * emulator holds are unchanged. The record of a deployment is taken away while the emulator runs and put back
 * after an orderly stop: after a kill, the emulator may hold less than the record says.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { DEFAULT_DEPLOYMENT } from '../core/contracts/names.ts';
import type { Commands } from './commands.ts';
import { contentHash } from './content-hash.ts';
import type { DataFolder } from './data-folder.ts';
import { EMULATED_ACCOUNT, EMULATED_REGION, emulatedAws, emulatedConnection } from './emulator.ts';
import { REPOSITORY } from './settings.ts';

/** Everything that a synthesis reads. */
const SYNTHESIS_INPUTS = [
  ...['infra', 'lambdas', 'core', 'console', 'aws', 'site', 'examples/processors'],
  ...['cdk.json', 'package.json', 'package-lock.json'],
];

const STACKS = ['data', 'workers', 'orchestration'].map((name) => `${DEFAULT_DEPLOYMENT}-${name}`);

const Outputs = z.object({
  TableName: z.string(),
  BucketName: z.string(),
  ClusterName: z.string(),
  WorkQueueUrlPrefix: z.string(),
  RunnerSlots: z.string(),
  MaxRunners: z.string(),
  /** No URL to a parser: its host ends like an IPv4 address without being one. */
  ApiEndpoint: z.string(),
  StabilityChecksQueueUrl: z.url(),
  AdvanceQueueUrl: z.url(),
  ProcessorsQueueUrl: z.url(),
  SweepFunctionName: z.string(),
  ApiFunctionName: z.string(),
  ConsoleFunctionName: z.string(),
});
/** What the stacks tell about themselves: see their CfnOutputs. */
export type Outputs = z.infer<typeof Outputs>;

const DeploymentRecord = z.object({ hash: z.string() });
/** What the emulator holds after an orderly stop: a deployment of these inputs. */
export type DeploymentRecord = z.infer<typeof DeploymentRecord>;

export interface Deployment extends DeploymentRecord {
  readonly outputs: Outputs;
}

/** Takes the record away: whoever reads it is about to change what it tells about. */
export const takeRecord = (file: string): DeploymentRecord | undefined => {
  if (!existsSync(file)) return undefined;
  const record = DeploymentRecord.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  rmSync(file);
  return record.data;
};

export const putRecord = (file: string, { hash }: DeploymentRecord): void => {
  writeFileSync(file, JSON.stringify({ hash }));
};

export interface DeploymentOptions {
  readonly folder: DataFolder;
  readonly awsPort: number;
  /** For registry functions: the Python that Lambdas run on. */
  readonly python: string;
  readonly record: DeploymentRecord | undefined;
  /** Resolves when the emulator answers. */
  readonly emulator: Promise<unknown>;
  readonly progress: (step: string) => void;
}

/** The same hash means the same templates and assets. */
const synthesisHash = (python: string): string =>
  contentHash(REPOSITORY, SYNTHESIS_INPUTS, [python]);

const stackOutputs = async (
  client: CloudFormationClient,
  name: string,
): Promise<Record<string, string> | undefined> => {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const stack = Stacks?.[0];
    if (!stack?.StackStatus?.endsWith('_COMPLETE')) return undefined;
    return Object.fromEntries(
      (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (error instanceof CloudFormationServiceException && error.name === 'ValidationError') {
      return undefined;
    }
    throw error;
  }
};

/** Whether the emulator holds stacks of a Gantry. */
export const isDeployed = async (awsPort: number): Promise<boolean> => {
  const client = new CloudFormationClient(emulatedConnection(awsPort));
  try {
    const outputs = await Promise.all(STACKS.map((name) => stackOutputs(client, name)));
    return outputs.some((stack) => stack !== undefined);
  } finally {
    client.destroy();
  }
};

/** Bundles of earlier synthesises: the CDK finds those that it can use again, and never removes the others. */
const removeOldAssets = (assembly: string): void => {
  const names = readdirSync(assembly);
  const used = names
    .filter((name) => name.endsWith('.assets.json'))
    .map((name) => readFileSync(join(assembly, name), 'utf8'))
    .join('');
  for (const name of names) {
    if (name.startsWith('asset.') && !used.includes(name)) {
      rmSync(join(assembly, name), { recursive: true, force: true });
    }
  }
};

const synthesise = async (
  commands: Commands,
  { folder, python }: DeploymentOptions,
  hash: string,
): Promise<void> => {
  const marker = join(folder.cloudAssembly, 'inputs.sha256');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  const cdkJson = z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(REPOSITORY, 'cdk.json'), 'utf8')));
  rmSync(marker, { force: true });
  await commands.run({
    title: 'synthesis of the stacks',
    command: process.execPath,
    arguments: [join(REPOSITORY, 'infra', 'app.ts')],
    environment: {
      ...process.env,
      PATH: [join(REPOSITORY, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
      CDK_OUTDIR: folder.cloudAssembly,
      CDK_CONTEXT_JSON: JSON.stringify({ ...cdkJson.context, site: 'embedded', python }),
    },
    workingDirectory: REPOSITORY,
    logFile: join(folder.logs, 'deployment.log'),
  });
  removeOldAssets(folder.cloudAssembly);
  writeFileSync(marker, hash);
};

/** Deploys what changed and returns the outputs; throws CommandFailed when the CDK does. */
export const deploy = async (
  commands: Commands,
  options: DeploymentOptions,
): Promise<Deployment> => {
  const { folder, awsPort, record, progress } = options;
  const hash = synthesisHash(options.python);
  const aws = emulatedAws(awsPort);
  const client = new CloudFormationClient(emulatedConnection(awsPort));
  const deployed = async (): Promise<Record<string, string>> => {
    const outputs = await Promise.all(STACKS.map((name) => stackOutputs(client, name)));
    return Object.fromEntries(outputs.flatMap((stack) => Object.entries(stack ?? {})));
  };
  try {
    if (record?.hash === hash) {
      await options.emulator;
      const outputs = Outputs.safeParse(await deployed());
      if (outputs.success) return { hash, outputs: outputs.data };
    }
    rmSync(join(folder.logs, 'deployment.log'), { force: true });
    const cdk = (title: string, commandArguments: readonly string[]): Promise<void> =>
      commands.run({
        title,
        command: process.execPath,
        arguments: [join(REPOSITORY, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...commandArguments],
        environment: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          ...aws,
          AWS_DEFAULT_REGION: EMULATED_REGION,
          AWS_EC2_METADATA_DISABLED: 'true',
          CDK_DISABLE_CLI_TELEMETRY: 'true',
          CDK_DISABLE_VERSION_CHECK: '1',
        },
        workingDirectory: folder.root,
        logFile: join(folder.logs, 'deployment.log'),
      });
    const bootstrap = async (): Promise<void> => {
      await options.emulator;
      if ((await stackOutputs(client, 'CDKToolkit')) !== undefined) return;
      await cdk('cdk bootstrap', ['bootstrap', `aws://${EMULATED_ACCOUNT}/${EMULATED_REGION}`]);
      progress('the emulated account is prepared (cdk bootstrap)');
    };
    const synthesis = synthesise(commands, options, hash).then(() => {
      progress('stacks are synthesised');
    });
    await Promise.all([synthesis, bootstrap()]);
    await cdk('cdk deploy', [
      ...['deploy', '--all', '--app', folder.cloudAssembly, '--require-approval', 'never'],
      // Without change sets: the emulator finds no change in one that changes outputs only.
      ...['--method', 'direct', '--concurrency', '2', '--progress', 'events'],
    ]);
    progress('stacks are deployed');
    return { hash, outputs: Outputs.parse(await deployed()) };
  } finally {
    client.destroy();
  }
};
