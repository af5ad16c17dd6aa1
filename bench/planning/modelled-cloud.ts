/**
 * What planning and dispatch need of AWS, with the times that AWS takes and none of an emulator's: each call waits as long
 * as it is said to, is counted, and is throttled as DynamoDB throttles; the table is kept in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ThrottlingException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../../aws/table.ts';
import { tableSessions } from '../../aws/sessions.ts';
import type { RegistryRequest } from '../../core/contracts/messages.ts';
import type { Functions, ObjectStore } from '../../core/contracts/ports.ts';
import { memoryDocuments } from '../../test/support/memory-documents.ts';
import { writePace } from './write-pace.ts';

/** Milliseconds of one call from a function in the same region, as measurements of others have them at the median. */
export const MODEL_MS = {
  ...{ transaction: 25, batch: 12, item: 6 },
  ...{ object: 20, invocation: 15, execution: 25 },
} as const;

/** The SDK's own repetitions of a throttled call: standard mode. */
const SDK = { attempts: 3, baseMs: 500 } as const;

export interface Calls {
  transactions: number;
  batches: number;
  invocations: number;
  puts: number;
}

export const modelledCloud = () => {
  const calls: Calls = { transactions: 0, batches: 0, invocations: 0, puts: 0 };
  const pace = writePace(() => performance.now());
  const client = memoryDocuments().client({
    take: pace.take,
    before: async (name) => {
      const isTransaction = name === 'TransactWriteCommand';
      const isBatch = name === 'BatchWriteCommand';
      if (isTransaction) calls.transactions += 1;
      if (isBatch) calls.batches += 1;
      const { transaction, batch, item } = MODEL_MS;
      await sleep(isTransaction ? transaction : isBatch ? batch : item);
    },
  });
  const repeating = {
    send: async (command: Parameters<DynamoDBDocumentClient['send']>[0]): Promise<unknown> => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await client.send(command);
        } catch (error) {
          const isRepeated = error instanceof ThrottlingException && attempt < SDK.attempts;
          if (!isRepeated) throw error;
          await sleep(Math.random() * SDK.baseMs * 2 ** (attempt - 1));
        }
      }
    },
  };
  const table = dynamoTable(repeating as unknown as DynamoDBDocumentClient, 'table');
  const bucket = new Map<string, string>();
  const put = async (key: string, value: unknown): Promise<void> => {
    bucket.set(key, JSON.stringify(value));
    calls.puts += 1;
    await sleep(MODEL_MS.object);
  };
  const objects: Pick<
    ObjectStore,
    'size' | 'getJson' | 'getStream' | 'putJson' | 'putJsonIfAbsent'
  > = {
    size: async (key) => {
      await sleep(MODEL_MS.object);
      return bucket.get(key)?.length;
    },
    getJson: async (key) => {
      await sleep(MODEL_MS.object);
      return JSON.parse(bucket.get(key) ?? '') as unknown;
    },
    getStream: () => Promise.reject(new Error('planning without a rule reads no image')),
    putJson: put,
    putJsonIfAbsent: async (key, value) => {
      await put(key, value);
      return true;
    },
  };
  const functions: Functions = {
    invoke: async (_name, payload) => {
      calls.invocations += 1;
      const request = JSON.parse(JSON.stringify(payload)) as RegistryRequest;
      await sleep(MODEL_MS.invocation);
      const answersOf = (jobName: string) =>
        request.objects.map(({ objectId }) => ({
          objectId,
          outcome: 'run',
          addedParams: { asked: jobName },
        }));
      return {
        answers: answersOf(request.jobName),
        then: request.then?.map(({ jobName }) => answersOf(jobName)),
      };
    },
  };
  return { calls, pace, bucket, objects, functions, sessions: tableSessions(table) };
};
