/**
 * What Gantry asks of a LocalStack, however it was started: the variables that it needs from its start on, among
 * them the path of the plugins in local/localstack/, and what those plugins are told of this Gantry when it answers.
 */
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import {
  emulatedAws,
  emulatedConnection,
  type ApiOutputs,
  type EmulatorOptions,
} from './emulator.ts';
import type { HttpEndpoints } from './http-front.ts';
import { REPOSITORY } from './settings.ts';

const PLUGIN = join(REPOSITORY, 'local', 'localstack');

/** The image whose LocalStack is that of local/localstack/requirements.txt. */
export const LOCALSTACK_IMAGE = 'localstack/localstack:4.9.2';

/** What a LocalStack at this port of the loopback address must have been started with, beside the plugins. */
const behaviour = (port: number) => ({
  // Else queues and functions have URLs of a name that only a public name server knows.
  LOCALSTACK_HOST: `127.0.0.1:${port}`,
  SQS_ENDPOINT_STRATEGY: 'path',
  PROVIDER_OVERRIDE_DYNAMODB: 'v2',
  PROVIDER_OVERRIDE_DYNAMODBSTREAMS: 'v2',
  LAMBDA_RUNTIME_EXECUTOR: 'process',
  // A stack looks every five seconds whether a function can be used that could not be at once.
  LAMBDA_SYNCHRONOUS_CREATE: '1',
  // Queues are waited on (event_sources.py): no pause between one batch and the next.
  LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC: '0.01',
  LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC: '0.01',
  // Whatever a template holds that nobody here provides: the tests name what it is.
  CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES: '1',
});

/** The environment that a LocalStack at this port of the loopback address is started with. */
export const localStackVariables = (port: number) => ({
  PYTHONPATH: PLUGIN,
  GATEWAY_LISTEN: `127.0.0.1:${port}`,
  ...behaviour(port),
});

/** How to start a LocalStack that Gantry's tests can use. */
const howToStart = (port: number): string =>
  [
    `Start LocalStack 4.9.2 on this computer with these variables and without Docker (\`localstack start --host\`):`,
    ...Object.entries(localStackVariables(port)).map(([name, value]) => `  ${name}=${value}`),
  ].join('\n');

/** A LocalStack that this Gantry cannot use; the message says how to start one that it can. */
export class LocalStackUnfit extends Error {
  override readonly name = 'LocalStackUnfit';

  constructor(port: number, why: string) {
    super(`The LocalStack at http://127.0.0.1:${port} cannot be used: ${why}\n${howToStart(port)}`);
  }
}

export const localStackHealthUrl = (port: number): string =>
  `http://127.0.0.1:${port}/_localstack/health`;

const settingsUrl = (port: number): string => `http://127.0.0.1:${port}/_gantry/settings`;

const Variables = z.record(z.string(), z.string().nullable());

/** Throws {@link LocalStackUnfit} when it has no plugins, or with every variable that is not as it must be. */
export const checkVariables = async (port: number): Promise<void> => {
  const wanted = behaviour(port);
  const names = new URLSearchParams(
    Object.keys(wanted).map((name): [string, string] => ['name', name]),
  );
  const answer = await fetch(`${settingsUrl(port)}?${names.toString()}`);
  if (!answer.ok) throw new LocalStackUnfit(port, 'it was started without the plugins of Gantry.');
  const found = Variables.parse(await answer.json());
  const wrong = Object.entries(wanted).filter(([name, value]) => found[name] !== value);
  if (wrong.length === 0) return;
  const list = wrong.map(([name]) => `${name} is ${found[name] ?? 'not set'}`).join(', ');
  throw new LocalStackUnfit(port, `${list}.`);
};

/** Tells the plugins of a LocalStack that answers where the programs and folders of this Gantry are. */
export const tellLocalStack = async (options: EmulatorOptions): Promise<void> => {
  const { folder, port } = options;
  const containerLogs = join(folder.logs, 'containers');
  mkdirSync(containerLogs, { recursive: true });
  await writeFile(folder.containerImages, JSON.stringify(options.images, undefined, 2));
  const answer = await fetch(settingsUrl(port), {
    method: 'PUT',
    body: JSON.stringify({
      ...emulatedAws(port),
      GANTRY_FUNCTION_NODE: process.execPath,
      GANTRY_FUNCTION_PYTHON: join(options.pythonEnvironment, 'bin', 'python'),
      GANTRY_FUNCTION_TMPDIR: folder.temporary,
      GANTRY_CONTAINER_IMAGES: folder.containerImages,
      GANTRY_CONTAINER_LOGS: containerLogs,
      GANTRY_CONTAINER_PIDS: folder.containerPids,
      GANTRY_CONTAINER_VOLUMES: folder.containerVolumes,
      GANTRY_HOST_ROOT_PYTHON: options.workerEnvironment,
    }),
  });
  if (!answer.ok) throw new LocalStackUnfit(port, await answer.text());
};

const functionUrl = async (client: LambdaClient, FunctionName: string): Promise<string> => {
  const answer = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }),
  );
  if (answer.FunctionUrl === undefined) throw new Error(`${FunctionName} got no URL`);
  return answer.FunctionUrl;
};

/** It has no HTTP APIs; the URL of a function hands over the same events. */
export const functionUrls = async (
  port: number,
  { ApiFunctionName, ConsoleFunctionName }: ApiOutputs,
): Promise<HttpEndpoints> => {
  const client = new LambdaClient(emulatedConnection(port));
  try {
    return {
      api: await functionUrl(client, ApiFunctionName),
      console: await functionUrl(client, ConsoleFunctionName),
    };
  } finally {
    client.destroy();
  }
};
