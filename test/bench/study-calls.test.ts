/** What docs/cost.md says of a study is what receiving one calls, counted on the SDK's clients of a real table and bucket. */
import { GANTRY_AE_TITLE } from '../support/ae-titles.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { dynamoTable } from '../../aws/table.ts';
import {
  INSTANCE_PUTS,
  INSTANCE_WRITE_UNITS,
  JOB_TRANSITIONS,
  SESSION_TRANSITIONS,
  LEASE_SECONDS,
  STUDY,
} from '../../bench/cost/study.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import { memoryDeliveries } from '../../core/processors/extension/memory-stores.ts';
import { LEASE_MS } from '../../core/processors/lease.ts';
import { jobMachineDefinition } from '../../infra/constructs/job-machine.ts';
import { sessionMachineDefinition } from '../../infra/constructs/session-machine.ts';
import { makeIngest } from '../../listener-container/ingest/ingest.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';
import { receive } from '../support/received-instances.ts';

const INSTANCES = 40;
const RATE_PER_SECOND = STUDY.instances / STUDY.receptionSeconds;

const AE_TITLE: AeTitleItem = {
  ...GANTRY_AE_TITLE,
  groupBy: ['StudyInstanceUID'],
};

let emulator: Emulator | undefined;
let spoolDirectory = '';

beforeAll(async () => {
  emulator = await startEmulator();
  await emulator.createTable('counted-table');
  await emulator.createBucket('counted-data');
  spoolDirectory = await mkdtemp(join(tmpdir(), 'gantry-counted-'));
}, EMULATOR_HOOK_MS);
afterAll(async () => {
  await rm(spoolDirectory, { recursive: true, force: true });
  await emulator?.stop();
}, EMULATOR_HOOK_MS);

/** Bytes of an item as DynamoDB counts them, rounded up: names, values, and some for each type. */
const itemBytes = (item: unknown): number => JSON.stringify(item).length;

/** Receives a study at the rate of {@link STUDY} on a clock that stands between instances. */
const countReception = async () => {
  if (emulator === undefined) throw new Error('there is no emulator');
  const calls = new Map<string, number>();
  let largestPut = 0;
  const count = (name: unknown, input: object): void => {
    calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
    if ('Item' in input) largestPut = Math.max(largestPut, itemBytes(input.Item));
  };
  const database = new DynamoDBClient(emulator.connection);
  const storage = new S3Client({ ...emulator.connection, forcePathStyle: true });
  database.middlewareStack.add(
    (next, context) => (args) => {
      count(context['commandName'], args.input);
      return next(args);
    },
    { step: 'initialize', priority: 'low' },
  );
  storage.middlewareStack.add(
    (next, context) => (args) => {
      count(context['commandName'], args.input);
      return next(args);
    },
    { step: 'initialize', priority: 'low' },
  );
  const objects = bucketObjects(storage, 'counted-data');
  const table = dynamoTable(DynamoDBDocumentClient.from(database), 'counted-table');
  let now = 1_700_000_000_000;
  let checks = 0;
  const receiver = makeIngest({
    objects,
    groups: tableGroups(table, objects),
    stored: { find: () => Promise.resolve([]) },
    aeTitle: () => Promise.resolve(AE_TITLE),
    sendCheck: () => {
      checks += 1;
      return Promise.resolve();
    },
    sendDelivery: () => Promise.resolve(),
    cache: { touchSeries: () => Promise.resolve() },
    deliveries: memoryDeliveries(() => now),
    spoolDirectory,
    clock: () => now,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    limits: {},
  });
  for (let index = 0; index < INSTANCES; index += 1) {
    const outcome = await receive(receiver, { sopInstanceUid: `1.2.3.4.${index + 1}` });
    expect(outcome).toEqual({ status: 0 });
    now += 1000 / RATE_PER_SECOND;
  }
  return { calls, checks, largestPut };
};

describe('receiving a study', () => {
  it('puts one object and writes two small items for each instance, and touches its group once in a lease', async () => {
    const { calls, checks, largestPut } = await countReception();

    const puts = calls.get('PutObjectCommand') ?? 0;
    const itemPuts = calls.get('PutItemCommand') ?? 0;
    const updates = calls.get('UpdateItemCommand') ?? 0;
    const seconds = INSTANCES / RATE_PER_SECOND;
    // The group itself is opened with a put.
    const touches = itemPuts - 1 + updates - INSTANCES * INSTANCE_WRITE_UNITS;
    expect(puts).toBe(INSTANCES * INSTANCE_PUTS);
    expect(itemPuts).toBe(INSTANCES + 1);
    expect(largestPut).toBeLessThanOrEqual(1024);
    expect(touches).toBe(Math.ceil(seconds / LEASE_SECONDS));
    expect(checks).toBe(1);
    expect(LEASE_SECONDS * 1000).toBe(LEASE_MS);
  });

  it('is followed by executions with as many states as their transitions are counted for', () => {
    const session = sessionMachineDefinition({
      ...{ planQueueUrl: '', advanceQueueUrl: '' },
      ...{ finishFunctionArn: '', liveFinishFunctionArn: '' },
    });
    const job = jobMachineDefinition({ advanceQueueUrl: '' });

    // Each state once, and the start; FinishLive takes the place of Finish where that cannot be.
    const met = Object.keys(session.States).filter((state) => state !== 'FinishLive');
    expect(met.length + 1).toBe(SESSION_TRANSITIONS);
    expect(Object.keys(job.States).length + 1).toBe(JOB_TRANSITIONS);
  });
});
