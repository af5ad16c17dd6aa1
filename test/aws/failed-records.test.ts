import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { repeatingSoon } from '../../aws/failed-records.ts';

const aRecord = (messageId: string, receives: number): SQSRecord =>
  ({
    messageId,
    receiptHandle: `handle of ${messageId}`,
    body: '{}',
    attributes: { ApproximateReceiveCount: String(receives) },
  }) as SQSRecord;

test('a record that is given back comes again after seconds, later each time, and the others are left alone', async () => {
  const sqs = mockClient(SQSClient);
  const answer = { batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'c' }] };
  const handle = repeatingSoon(new SQSClient({}), 'queue', () => Promise.resolve(answer));

  const Records = [aRecord('a', 1), aRecord('b', 1), aRecord('c', 100)];
  expect(await handle({ Records })).toEqual(answer);

  expect(
    sqs.commandCalls(ChangeMessageVisibilityCommand).map(({ args: [{ input }] }) => input),
  ).toEqual([
    { QueueUrl: 'queue', ReceiptHandle: 'handle of b', VisibilityTimeout: 5 },
    { QueueUrl: 'queue', ReceiptHandle: 'handle of c', VisibilityTimeout: 120 },
  ]);
});

test('a visibility that cannot be changed does not turn the answer into a failure', async () => {
  mockClient(SQSClient).on(ChangeMessageVisibilityCommand).rejects(new Error('throttled'));
  const answer = { batchItemFailures: [{ itemIdentifier: 'a' }] };
  const handle = repeatingSoon(new SQSClient({}), 'queue', () => Promise.resolve(answer));

  expect(await handle({ Records: [aRecord('a', 1)] })).toEqual(answer);
});
