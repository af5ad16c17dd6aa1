/** What the emulator adds while groups close: delayed messages in a queue of the bench's own, and small reads of the table. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DEFAULT_DEPLOYMENT, resourceNames } from '../../core/contracts/names.ts';
import { emulatedConnection } from '../../local/emulator.ts';

/** As many receivers as the function of the checks has invocations at once. */
const RECEIVERS = 5;
const MESSAGES_AT_ONCE = 10;
const LONG_POLL_SECONDS = 5;
/** Longer than a round: nothing comes twice, so nothing needs to be deleted. */
const VISIBILITY_SECONDS = 3600;
const LOST_AFTER_MS = 120_000;

/** Seldom enough to be no load of its own. */
const READ_EVERY_MS = 200;
/** From a little before the first group is due until all are likely to be released. */
const READ_FOR_MS = 6000;

export interface EmulatorProbe {
  /** One delayed message. */
  send(): Promise<void>;
  /** Of so many messages, from when the delay of each is over, by the emulator's own time of sending, until it is here. */
  messagesLateMs(count: number): Promise<number[]>;
  /** From `inMs` on, for some seconds. */
  tableCallsMs(inMs: number): Promise<number[]>;
  close(): Promise<void>;
}

export const openEmulatorProbe = async (
  port: number,
  delaySeconds: number,
): Promise<EmulatorProbe> => {
  const connection = emulatedConnection(port);
  const sqs = new SQSClient(connection);
  const database = new DynamoDBClient(connection);
  const TableName = resourceNames(DEFAULT_DEPLOYMENT).table;
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName: `bench-${randomUUID()}`,
      Attributes: { VisibilityTimeout: String(VISIBILITY_SECONDS) },
    }),
  );

  const receive = async (): Promise<number[]> => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: MESSAGES_AT_ONCE,
        WaitTimeSeconds: LONG_POLL_SECONDS,
        MessageSystemAttributeNames: ['SentTimestamp'],
      }),
    );
    const now = Date.now();
    return Messages.map(
      ({ Attributes }) => now - Number(Attributes?.SentTimestamp) - delaySeconds * 1000,
    );
  };

  return {
    send: async () => {
      await sqs.send(
        new SendMessageCommand({ QueueUrl, MessageBody: '{}', DelaySeconds: delaySeconds }),
      );
    },
    messagesLateMs: async (count) => {
      const late: number[] = [];
      const deadline = Date.now() + LOST_AFTER_MS;
      const lane = async (): Promise<void> => {
        while (late.length < count) {
          if (Date.now() > deadline) throw new Error('a delayed message did not come');
          late.push(...(await receive()));
        }
      };
      await Promise.all(Array.from({ length: Math.min(RECEIVERS, count) }, lane));
      return late;
    },
    tableCallsMs: async (inMs) => {
      await sleep(inMs);
      const took: number[] = [];
      const until = performance.now() + READ_FOR_MS;
      while (performance.now() < until) {
        const startedAt = performance.now();
        await database.send(
          new GetItemCommand({ TableName, Key: { pk: { S: 'BENCH' }, sk: { S: 'NOTHING' } } }),
        );
        took.push(performance.now() - startedAt);
        await sleep(READ_EVERY_MS);
      }
      return took;
    },
    close: async () => {
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      sqs.destroy();
      database.destroy();
    },
  };
};
