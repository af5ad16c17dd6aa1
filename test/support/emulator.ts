/**
 * A whole AWS emulator of a test file's own: started on a free port, without stored state, stopped at the end.
 * GANTRY_TEST_MINISTACK names its program; without it, the embedded cloud's own is taken, and installed if need be.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { bucketObjects } from '../../aws/objects.ts';
import { dynamoTable, type Table } from '../../aws/table.ts';
import { STATE_INDEX } from '../../core/contracts/names.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { EMULATOR_PYTHON, pythonEnvironment } from '../../local/python.ts';
import { loadSettings } from '../../local/settings.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const START_TIMEOUT_MS = 30_000;

/** For the hook that starts one: the first time, it is installed. */
export const EMULATOR_HOOK_MS = 300_000;

/** What every SDK client needs to talk to the emulator. */
export interface EmulatorConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface Emulator {
  readonly connection: EmulatorConnection;
  /** A new table with Gantry's keys and index. */
  createTable(name: string): Promise<Table>;
  /** A new bucket. */
  createBucket(name: string): Promise<{ objects: ObjectStore; client: S3Client }>;
  stop(): Promise<void>;
}

const programPath = async (): Promise<string> => {
  const named = process.env['GANTRY_TEST_MINISTACK'];
  if (named !== undefined) return named;
  const { toolsDirectory } = loadSettings(process.env);
  const environment = await pythonEnvironment({
    ...EMULATOR_PYTHON,
    toolsDirectory,
    logFile: join(toolsDirectory, 'emulator.log'),
  });
  return join(environment, 'bin', 'ministack');
};

const createTable = async (client: DynamoDBClient, TableName: string): Promise<void> => {
  const key = (partition: string, sort: string) => [
    { AttributeName: partition, KeyType: 'HASH' as const },
    { AttributeName: sort, KeyType: 'RANGE' as const },
  ];
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'statePk', 'stateSk'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: key('pk', 'sk'),
      GlobalSecondaryIndexes: [
        {
          IndexName: STATE_INDEX,
          KeySchema: key('statePk', 'stateSk'),
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
};

export const startEmulator = async (): Promise<Emulator> => {
  const program = await programPath();
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'gantry-emulator-'));
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  const child = spawn(program, [], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      TMPDIR: folder,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: 'us-east-1',
      MINISTACK_ACCOUNT_ID: '000000000000',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      PERSIST_STATE: '0',
    },
  });
  // A test process that ends without `stop` takes the emulator with it.
  const killIt = () => child.kill('SIGKILL');
  process.once('exit', killIt);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', killIt);
    await rm(folder, { recursive: true, force: true });
  };

  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await until('the emulator answers', START_TIMEOUT_MS, async () => {
      if (child.exitCode !== null) throw new Error('the emulator ended before it answered');
      try {
        const { ok } = await fetch(`${endpoint}/_ministack/health`);
        return ok ? true : undefined;
      } catch {
        return undefined;
      }
    });
  } catch (error) {
    await stop();
    throw error;
  }

  const connection: EmulatorConnection = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const database = new DynamoDBClient(connection);
  const storage = new S3Client({ ...connection, forcePathStyle: true });
  return {
    connection,
    createTable: async (name) => {
      await createTable(database, name);
      const documents = DynamoDBDocumentClient.from(database, {
        marshallOptions: { removeUndefinedValues: true },
      });
      return dynamoTable(documents, name);
    },
    createBucket: async (name) => {
      await storage.send(new CreateBucketCommand({ Bucket: name }));
      return { objects: bucketObjects(storage, name), client: storage };
    },
    stop,
  };
};
