/**
 * The API's handler over an emulator's real table, bucket, queues and functions, with names of its own, so that
 * test files share one emulator without seeing each other's items.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient, PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { tableConfiguration } from '../../aws/configuration.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { registryFunctions } from '../../aws/registry-functions.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { DEFAULT_WORKER, STATE_INDEX } from '../../core/contracts/names.ts';
import { PRIORITIES } from '../../core/contracts/vocabulary.ts';
import type { ApiContext } from '../../lambdas/api/context.ts';
import { makeHandler } from '../../lambdas/api/handler.ts';

const REGISTRY_SOURCE = new URL('../../lambdas/registry', import.meta.url).pathname;

/** The layer's Python files as its zip; the libraries of callbacks are not needed to call one. */
const layerZip = (): Buffer => {
  const folder = mkdtempSync(join(tmpdir(), 'layer-'));
  try {
    const script =
      'import pathlib, sys, zipfile\n' +
      'with zipfile.ZipFile(sys.argv[1], "w") as z:\n' +
      ' for f in pathlib.Path(sys.argv[2]).glob("*.py"): z.write(f, f"python/{f.name}")\n';
    execFileSync('python3', ['-c', script, join(folder, 'layer.zip'), REGISTRY_SOURCE]);
    return readFileSync(join(folder, 'layer.zip'));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

export interface EmulatedApi {
  readonly context: ApiContext;
  readonly handler: ReturnType<typeof makeHandler>;
  readonly lambda: LambdaClient;
  close(): void;
}

/** `endpoint` is the emulator's address. */
export const emulatedApi = async (endpoint: string): Promise<EmulatedApi> => {
  const deployment = `t${randomUUID().slice(0, 7)}`;
  const settings = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'gantry', secretAccessKey: 'gantry' },
  };
  const dynamo = new DynamoDBClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const sqs = new SQSClient(settings);
  const lambda = new LambdaClient(settings);
  const bucket = `${deployment}-data`;
  const queueUrl = async (name: string): Promise<string> => {
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: `${deployment}-${name}` }),
    );
    if (QueueUrl === undefined) throw new Error('the queue has no URL');
    return QueueUrl;
  };

  await dynamo.send(
    new CreateTableCommand({
      TableName: `${deployment}-table`,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'statePk', 'stateSk'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: STATE_INDEX,
          KeySchema: [
            { AttributeName: 'statePk', KeyType: 'HASH' },
            { AttributeName: 'stateSk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const platformQueues = {
    'stability-checks': await queueUrl('stability-checks'),
    plan: await queueUrl('plan'),
    advance: await queueUrl('advance'),
  };
  const work = await Promise.all(
    PRIORITIES.map((priority) => queueUrl(`work-${DEFAULT_WORKER}-${priority}`)),
  );
  const { LayerVersionArn } = await lambda.send(
    new PublishLayerVersionCommand({
      LayerName: `${deployment}-registry-python`,
      Content: { ZipFile: layerZip() },
    }),
  );
  const table = dynamoTable(
    DynamoDBDocumentClient.from(dynamo, { marshallOptions: { removeUndefinedValues: true } }),
    `${deployment}-table`,
  );
  const temporaryDirectory = mkdtempSync(join(tmpdir(), 'gantry-api-'));
  const context: ApiContext = {
    version: '0.0.0-test',
    deployment,
    table,
    configuration: tableConfiguration(table),
    sessions: tableSessions(table),
    objects: bucketObjects(s3, bucket),
    queues: sqsQueues(sqs),
    registryFunctions: registryFunctions(lambda, {
      bucket,
      layerArn: LayerVersionArn ?? '',
      roleArn: `arn:aws:iam::000000000000:role/${deployment}-registry`,
      architecture: 'x86_64',
    }),
    platformQueues,
    workQueueUrlPrefix: (work[0] ?? '').replace(/[^-]+-[^-]+$/, ''),
    clock: Date.now,
    logger: new Logger({ logLevel: 'SILENT' }),
    temporaryDirectory,
  };
  await context.configuration.initialise({ slots: 2, maxRunners: 4 });
  return {
    context,
    lambda,
    handler: makeHandler(() => Promise.resolve(context)),
    close: () => {
      rmSync(temporaryDirectory, { recursive: true, force: true });
      for (const client of [dynamo, s3, sqs, lambda]) client.destroy();
    },
  };
};
