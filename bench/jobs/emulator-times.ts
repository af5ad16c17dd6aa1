/**
 * What the emulator takes by itself of the way from a job's message to its callback: one waiting receiver, and one write
 * like that of a lease, by bare clients of the SDK. They are taken while jobs run, at moments that have nothing to do
 * with theirs.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DEFAULT_DEPLOYMENT, resourceNames } from '../../core/contracts/names.ts';
import { emulatedConnection } from '../../local/emulator.ts';

/** As a runner waits: worker-container/runner.ts. */
const WAIT_SECONDS = 2;
/** Between a receiver's beginning and its message: a receiver that looks now and then is met at any time between two looks. */
const FIRST_WAIT_MS = 100;
const RANDOM_WAIT_MS = 100;

export interface EmulatorTimes {
  /** From when a message is in its queue, by the emulator's own time of sending, until a receiver that waits for it has it. */
  readonly receiveMs: readonly number[];
  readonly conditionalUpdateMs: readonly number[];
}

const receiveMs = async (sqs: SQSClient, QueueUrl: string | undefined): Promise<number> => {
  const receiving = sqs.send(
    new ReceiveMessageCommand({
      ...{ QueueUrl, WaitTimeSeconds: WAIT_SECONDS },
      MessageSystemAttributeNames: ['SentTimestamp'],
    }),
  );
  await sleep(FIRST_WAIT_MS + Math.random() * RANDOM_WAIT_MS);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
  const { Messages: [message] = [] } = await receiving;
  const receivedAt = Date.now();
  if (message === undefined) throw new Error('the message did not come');
  const { ReceiptHandle } = message;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return receivedAt - Number(message.Attributes?.['SentTimestamp']);
};

/** As many of each; a sample of both takes some 200 ms. */
export const emulatorTimes = async (port: number, samples: number): Promise<EmulatorTimes> => {
  const connection = emulatedConnection(port);
  const [sqs, database] = [new SQSClient(connection), new DynamoDBClient(connection)];
  const TableName = resourceNames(DEFAULT_DEPLOYMENT).table;
  const Key = { pk: { S: `BENCH#${randomUUID()}` }, sk: { S: 'LEASE' } };
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: `bench-${randomUUID()}` }),
  );
  const leaseMs = async (): Promise<number> => {
    const startedAt = performance.now();
    await database.send(
      new UpdateItemCommand({
        ...{ TableName, Key, ReturnValues: 'ALL_NEW' },
        UpdateExpression: 'SET #attempt = #attempt + :one',
        ConditionExpression: '#state = :queued',
        ExpressionAttributeNames: { '#attempt': 'attempt', '#state': 'state' },
        ExpressionAttributeValues: { ':one': { N: '1' }, ':queued': { S: 'QUEUED' } },
      }),
    );
    return performance.now() - startedAt;
  };
  try {
    const Item = { ...Key, state: { S: 'QUEUED' }, attempt: { N: '0' } };
    await database.send(new PutItemCommand({ TableName, Item }));
    const times = { receiveMs: [] as number[], conditionalUpdateMs: [] as number[] };
    for (let sample = 0; sample < samples; sample += 1) {
      times.receiveMs.push(await receiveMs(sqs, QueueUrl));
      times.conditionalUpdateMs.push(await leaseMs());
    }
    return times;
  } finally {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    sqs.destroy();
    database.destroy();
  }
};
