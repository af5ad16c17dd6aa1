/**
 * What the plan Lambda needs of AWS, with the times that AWS takes and none of an emulator's: each call is encoded as
 * ever, waits as long as it is said to, and is counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../../aws/table.ts';
import { tableSessions } from '../../aws/sessions.ts';
import type { RegistryRequest } from '../../core/contracts/messages.ts';
import type { Functions, ObjectStore } from '../../core/contracts/ports.ts';

/** Milliseconds of one call from a function in the same region, as measurements of others have them at the median. */
export const MODEL_MS = { transaction: 25, item: 6, object: 20, invocation: 15 } as const;

export interface Calls {
  transactions: number;
  invocations: number;
  puts: number;
}

export const modelledCloud = () => {
  const calls: Calls = { transactions: 0, invocations: 0, puts: 0 };
  const client = {
    send: async (command: object) => {
      const isTransaction = command.constructor.name === 'TransactWriteCommand';
      if (isTransaction) calls.transactions += 1;
      await sleep(isTransaction ? MODEL_MS.transaction : MODEL_MS.item);
      return { Items: [], Attributes: {} };
    },
  };
  const table = dynamoTable(client as unknown as DynamoDBDocumentClient, 'table');
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
  return { calls, bucket, objects, functions, sessions: tableSessions(table) };
};
