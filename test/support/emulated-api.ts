/**
 * The API's handler over an emulator's real table, bucket, queues and functions, behind an HTTP address as
 * clients see it.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { LambdaClient, PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ZipFile } from 'yazl';
import { tableConfiguration } from '../../aws/configuration.ts';
import { tableCache } from '../../aws/cache.ts';
import { tableDeliveries, tableHandOver } from '../../aws/deliveries.ts';
import { tableGroups } from '../../aws/groups.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import { registryFunctions } from '../../aws/registry-functions.ts';
import { tableRunners } from '../../aws/runners.ts';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { DEFAULT_WORKER, resourceNames } from '../../core/contracts/names.ts';
import { PRIORITIES } from '../../core/contracts/vocabulary.ts';
import { sqsWorkQueues } from '../../aws/work-queues.ts';
import { tableWorkerImages } from '../../aws/worker-versions.ts';
import { routedAdmission } from '../../lambdas/api/admission.ts';
import type { ApiContext } from '../../lambdas/api/context.ts';
import { makeHandler } from '../../lambdas/api/handler.ts';
import { answerQuestion } from '../../lambdas/processors/handler.ts';
import { processors } from '../../site/processors/index.ts';
import { startEmulator } from './emulator.ts';
import { memoryExecutions, type MemoryExecutions } from './memory-cloud.ts';
import { httpApi } from './http-api.ts';

const REGISTRY_SOURCE = join(import.meta.dirname, '..', '..', 'lambdas', 'registry');
const DEPLOYMENT = 'gantry';
const BUCKET = 'gantry-data';

/** The layer without the libraries of callbacks, which calling one does not need. */
const layerZip = async (folder: string): Promise<Buffer> => {
  const file = join(folder, 'layer.zip');
  const writer = new ZipFile();
  for (const name of await readdir(REGISTRY_SOURCE)) {
    if (name.endsWith('.py')) writer.addFile(join(REGISTRY_SOURCE, name), `python/${name}`);
  }
  writer.end();
  await pipeline(writer.outputStream, createWriteStream(file));
  return readFile(file);
};

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined when the body is no JSON. */
  readonly json: unknown;
}

export interface EmulatedApi {
  readonly url: string;
  readonly context: ApiContext;
  readonly executions: MemoryExecutions;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  stop(): Promise<void>;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

export const startEmulatedApi = async (): Promise<EmulatedApi> => {
  const emulator = await startEmulator();
  const temporaryDirectory = await mkdtemp(join(tmpdir(), 'gantry-api-'));
  const sqs = new SQSClient(emulator.connection);
  const lambda = new LambdaClient(emulator.connection);
  const names = resourceNames(DEPLOYMENT);
  const queueUrl = async (QueueName: string): Promise<string> => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    return QueueUrl ?? '';
  };

  const table = await emulator.createTable(names.table);
  const { objects } = await emulator.createBucket(BUCKET);
  const platformQueues = {
    'stability-checks': await queueUrl(names.stabilityChecksQueue),
    plan: await queueUrl(names.planQueue),
    advance: await queueUrl(names.advanceQueue),
    processors: await queueUrl(names.processorsQueue),
  };
  const work = await Promise.all(
    PRIORITIES.map((priority) => queueUrl(names.workQueue(DEFAULT_WORKER, priority))),
  );
  const workQueueUrlPrefix = (work[0] ?? '').replace(/[^-]+-[^-]+$/, '');
  const { LayerVersionArn } = await lambda.send(
    new PublishLayerVersionCommand({
      LayerName: names.registryLayer,
      Content: { ZipFile: await layerZip(temporaryDirectory) },
    }),
  );
  const shared = {
    groups: tableGroups(table, objects),
    deliveries: tableDeliveries(table),
    cache: tableCache(table),
    processorsQueueUrl: platformQueues.processors,
    queues: sqsQueues(sqs),
    stabilityChecksQueueUrl: platformQueues['stability-checks'],
    clock: Date.now,
    logger: new Logger({ logLevel: 'SILENT' }),
  };
  const executions = memoryExecutions();
  const context: ApiContext = {
    ...shared,
    admit: routedAdmission(shared),
    handOver: tableHandOver(table, Date.now),
    processors: { check: (question) => Promise.resolve(answerQuestion(processors, question)) },
    version: '1.2.3',
    deployment: DEPLOYMENT,
    table,
    configuration: tableConfiguration(table),
    reclaims: tableReclaims(table),
    sessions: tableSessions(table),
    sessionData: tableSessionData(table),
    executions,
    sessionMachineArn: 'session',
    jobMachineArn: 'job',
    advanceQueueUrl: platformQueues.advance,
    objects,
    registryFunctions: registryFunctions(lambda, {
      bucket: BUCKET,
      layerArn: LayerVersionArn ?? '',
      roleArn: `arn:aws:iam::000000000000:role/${names.registryRole}`,
      logGroup: `/${DEPLOYMENT}/registry`,
      architecture: 'x86_64',
    }),
    platformQueues,
    workQueueUrlPrefix,
    workQueues: sqsWorkQueues(sqs, {
      deployment: DEPLOYMENT,
      urlPrefix: workQueueUrlPrefix,
      encrypted: true,
    }),
    runners: tableRunners(table),
    runnerDefaults: { slots: 2, maxRunners: 4 },
    checkAccount: () => Promise.resolve([]),
    gpuCapacity: { kind: 'here' },
    workerImages: tableWorkerImages(table),
    imageMachineArn: undefined,
    runnerSize: { cpu: 1024, memoryMiB: 4096 },
    temporaryDirectory,
  };
  await context.configuration.initialise({ slots: 2, maxRunners: 4 });
  const server = await httpApi(makeHandler(() => Promise.resolve(context)));
  return {
    executions,
    url: server.url,
    context,
    lambda,
    sqs,
    call: async (method, path, body) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: parsed(text) };
    },
    stop: async () => {
      await server.close();
      sqs.destroy();
      lambda.destroy();
      await emulator.stop();
      await rm(temporaryDirectory, { recursive: true, force: true });
    },
  };
};
