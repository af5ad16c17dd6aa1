/** The emulator with what a runner needs of it: a table, a bucket, work queues, and executions that hold tokens. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { bucketListing } from '../../../aws/object-listing.ts';
import { bucketObjects } from '../../../aws/objects.ts';
import { sqsQueues } from '../../../aws/queues.ts';
import { tableRunners } from '../../../aws/runners.ts';
import { tableSessions } from '../../../aws/sessions.ts';
import { dynamoTable } from '../../../aws/table.ts';
import { STATE_INDEX } from '../../../core/contracts/names.ts';
import { PRIORITIES, type Priority } from '../../../core/contracts/vocabulary.ts';
import { openDataFolder } from '../../../local/data-folder.ts';
import { emulatedAws, emulatorAnswers, startEmulator } from '../../../local/emulator.ts';
import { EMULATOR_PYTHON, pythonEnvironment } from '../../../local/python.ts';
import { loadSettings } from '../../../local/settings.ts';
import { freePort } from '../../support/free-port.ts';

export const WORKER = 'default';
const TABLE = 'gantry-table';
const BUCKET = 'gantry-bucket';

const createTable = (client: DynamoDBClient) =>
  client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'statePk', 'stateSk'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S' as const,
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

/** An execution sends its input with its token to a queue and succeeds when the token is answered. */
const MACHINE = {
  StartAt: 'Dispatch',
  States: {
    Dispatch: {
      Type: 'Task',
      Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
      Parameters: {
        'QueueUrl.$': '$.queueUrl',
        MessageBody: {
          'sessionId.$': '$.sessionId',
          'jobId.$': '$.jobId',
          'run.$': '$.run',
          'token.$': '$$.Task.Token',
        },
      },
      End: true,
    },
  },
};

export const startEmulatedCloud = async () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-runner-'));
  // Callbacks run under user ids of their own where the Python lets them, and then they have to get in.
  chmodSync(root, 0o711);
  const shared = join(root, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const folder = openDataFolder(root);
  const port = await freePort();
  const { toolsDirectory } = loadSettings(process.env);
  const emulator = await startEmulator({
    port,
    folder,
    pythonEnvironment: await pythonEnvironment({
      ...EMULATOR_PYTHON,
      toolsDirectory,
      logFile: join(folder.logs, 'emulator-python.log'),
    }),
    images: {},
    workerEnvironment: '/usr',
  });
  await emulatorAnswers(emulator, port, AbortSignal.timeout(30_000));

  const address = emulatedAws(port);
  const config = {
    endpoint: address.AWS_ENDPOINT_URL,
    region: address.AWS_REGION,
    credentials: { accessKeyId: 'gantry', secretAccessKey: 'gantry' },
  };
  const dynamo = new DynamoDBClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const sqs = new SQSClient(config);
  const sfn = new SFNClient(config);
  await createTable(dynamo);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const createQueue = async (name: string): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl ?? '';
  const workQueues = new Map<Priority, string>();
  for (const priority of PRIORITIES) {
    workQueues.set(priority, await createQueue(`gantry-work-${WORKER}-${priority}`));
  }
  const queueUrlOf = (priority: Priority): string => workQueues.get(priority) ?? '';
  const advanceQueueUrl = await createQueue('gantry-advance');
  const { stateMachineArn } = await sfn.send(
    new CreateStateMachineCommand({
      name: 'job',
      roleArn: 'arn:aws:iam::000000000000:role/job',
      definition: JSON.stringify(MACHINE),
    }),
  );
  const table = dynamoTable(DynamoDBDocumentClient.from(dynamo), TABLE);

  return {
    folder,
    /** That callbacks see as well, and may write in: by its files they tell a test where they are, and wait for it. */
    shared,
    objects: bucketObjects(s3, BUCKET),
    listing: bucketListing(s3, BUCKET),
    queues: sqsQueues(sqs),
    table,
    store: tableSessions(table),
    pool: tableRunners(table),
    queueUrlOf,
    advanceQueueUrl,
    /** Of a runner's process, without what is its own. */
    environment: {
      ...address,
      GANTRY_TABLE: TABLE,
      GANTRY_BUCKET: BUCKET,
      GANTRY_WORKER: WORKER,
      GANTRY_WORK_QUEUE_URL_PREFIX: queueUrlOf('normal').slice(0, -`${WORKER}-normal`.length),
      GANTRY_ADVANCE_QUEUE_URL: advanceQueueUrl,
    },
    /** Starts an execution that sends the job to its queue; tells how it stands. */
    dispatch: async (job: {
      sessionId: string;
      jobId: string;
      run: number;
      priority: Priority;
    }): Promise<() => Promise<string>> => {
      const { executionArn } = await sfn.send(
        new StartExecutionCommand({
          stateMachineArn,
          input: JSON.stringify({ ...job, queueUrl: queueUrlOf(job.priority) }),
        }),
      );
      return async () =>
        (await sfn.send(new DescribeExecutionCommand({ executionArn }))).status ?? '';
    },
    stop: async (): Promise<void> => {
      for (const client of [dynamo, s3, sqs, sfn]) client.destroy();
      await emulator.stop(10_000);
      rmSync(root, { recursive: true, force: true });
    },
  };
};
export type EmulatedCloud = Awaited<ReturnType<typeof startEmulatedCloud>>;
