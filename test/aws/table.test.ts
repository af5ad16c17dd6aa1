import { TransactionConflictException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { documentClient } from '../../aws/clients.ts';
import { dynamoTable, type Table } from '../../aws/table.ts';

const KEY = { pk: 'K#1', sk: 'G#000002' };
const CONDITION = { condition: 'attribute_exists(pk)' };

const conflict = new TransactionConflictException({ $metadata: {}, message: 'held' });

test.each<[string, (table: Table) => Promise<unknown>]>([
  ['put', (table) => table.put(KEY, {})],
  ['put if absent', (table) => table.putIfAbsent(KEY, {})],
  ['put if absent or as is said', (table) => table.putIfAbsentOr(KEY, {}, CONDITION)],
  ['update', (table) => table.update(KEY, { update: 'REMOVE #a', names: ['a'] })],
  ['delete', (table) => table.delete(KEY, CONDITION)],
])('%s waits for an item that a transaction of somebody else holds', async (_, write) => {
  const documents = mockClient(DynamoDBDocumentClient);
  documents.onAnyCommand().rejectsOnce(conflict).resolves({});

  await write(dynamoTable(documentClient(), 'table'));

  expect(documents.calls()).toHaveLength(2);
});

test('an item that transactions hold without an end is an error', async () => {
  const documents = mockClient(DynamoDBDocumentClient);
  documents.onAnyCommand().rejects(conflict);

  const put = dynamoTable(documentClient(), 'table').put(KEY, {});

  await expect(put).rejects.toBe(conflict);
});
