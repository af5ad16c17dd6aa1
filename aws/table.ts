/**
 * The one table, as a few typed functions: every read goes through a schema, every conditional write says
 * by its return value whether its condition held. Stores are built of these; beside the inventory
 * of the audit, which reads all of it, no other file speaks DynamoDB.
 */
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
  type QueryCommandInput,
  type QueryCommandOutput,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import type { TableKey } from '../core/contracts/keys.ts';
import { STATE_INDEX } from '../core/contracts/names.ts';
import { retryingConflicts } from './conflicts.ts';
import { writeMany, type ManyWrite } from './many-writes.ts';

type Item = Record<string, unknown>;
type Schema<T> = z.ZodType<T>;

/** Names and values of an expression: `#state` and `:state` are made of the key `state`. */
export interface Expression {
  readonly update?: string;
  readonly condition?: string;
  readonly names?: readonly string[];
  readonly values?: Readonly<Item>;
}

const attributeNames = (names: readonly string[] | undefined) =>
  names === undefined || names.length === 0
    ? undefined
    : Object.fromEntries(names.map((name) => [`#${name}`, name]));

const attributeValues = (values: Readonly<Item> | undefined) => {
  if (values === undefined) return undefined;
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  return defined.length === 0
    ? undefined
    : Object.fromEntries(defined.map(([name, value]) => [`:${name}`, value]));
};

export type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

export interface Table {
  get<T>(key: TableKey, schema: Schema<T>): Promise<T | undefined>;
  put(key: TableKey, item: Item): Promise<void>;
  /** False when an item with this key exists; it is left as it is. */
  putIfAbsent(key: TableKey, item: Item): Promise<boolean>;
  /** The item after the update, or undefined when the condition did not hold. */
  update(key: TableKey, expression: Expression): Promise<Item | undefined>;
  /** False when the condition did not hold. */
  delete(key: TableKey, expression?: Expression): Promise<boolean>;
  /** All items of a partition whose sort key begins with `prefix`, in its order; strongly consistent. */
  queryAll<T>(pk: string, prefix: string, schema: Schema<T>): Promise<T[]>;
  /** The last item (highest sort key) with the prefix; strongly consistent. */
  queryLast<T>(pk: string, prefix: string, schema: Schema<T>): Promise<T | undefined>;
  /** False when neither there is no item with this key nor the condition holds: then it is left as it is. */
  putIfAbsentOr(key: TableKey, item: Item, expression: Expression): Promise<boolean>;
  /** Items of the state index; eventually consistent. `from` and `until` bound the sort key, inclusive. */
  queryState<T>(
    statePk: string,
    schema: Schema<T>,
    options?: { from?: string; until?: string; newestFirst?: boolean; limit?: number },
  ): Promise<T[]>;
  /** False when a condition of one of them did not hold: then none was done. */
  transact(writes: readonly Write[]): Promise<boolean>;
  /** Not at once, and in no order; throws WritesThrottled when some are not done. */
  putMany(puts: readonly Required<ManyWrite>[]): Promise<void>;
  /** Likewise. */
  deleteMany(keys: readonly TableKey[]): Promise<void>;
  /** For building the writes of a transaction. */
  write: {
    put(
      key: TableKey,
      item: Item,
      options?: {
        ifAbsent?: boolean;
        ifPresent?: boolean;
        /** Beside `ifAbsent`: or if what is there is so. */
        or?: Expression & { readonly condition: string };
      },
    ): Write;
    update(key: TableKey, expression: Expression): Write;
    delete(key: TableKey, expression?: Expression): Write;
    /** Changes nothing: the transaction is done only if the condition holds for this item. */
    check(key: TableKey, expression: Expression & { readonly condition: string }): Write;
  };
}

/** Sorts after every time. */
const AFTER_ALL = '~';

type Query = Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey'>;

const beginningWith = (pk: string, prefix: string): Query => ({
  ConsistentRead: true,
  KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
  ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
});

/** Throws what the SDK throws, and a ZodError for an item that is not as its schema says. */
export const dynamoTable = (client: DynamoDBDocumentClient, tableName: string): Table => {
  const expressionInput = (expression: Expression) => ({
    ...(expression.condition === undefined ? {} : { ConditionExpression: expression.condition }),
    ...(attributeNames(expression.names) === undefined
      ? {}
      : { ExpressionAttributeNames: attributeNames(expression.names) }),
    ...(attributeValues(expression.values) === undefined
      ? {}
      : { ExpressionAttributeValues: attributeValues(expression.values) }),
  });
  const updateInput = (key: TableKey, expression: Expression) => ({
    TableName: tableName,
    Key: { ...key },
    UpdateExpression: expression.update ?? '',
    ...expressionInput(expression),
  });
  const holds = async (write: () => Promise<unknown>): Promise<boolean> => {
    try {
      await retryingConflicts(write);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };

  /** A page has a mebibyte: whoever has enough asks for no more of them. */
  async function* pagesOf(query: Query): AsyncGenerator<readonly Item[]> {
    let start: Item | undefined;
    do {
      const page: QueryCommandOutput = await client.send(
        new QueryCommand({
          TableName: tableName,
          ...query,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      yield page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  return {
    get: async (key, schema) => {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { ...key }, ConsistentRead: true }),
      );
      return Item === undefined ? undefined : schema.parse(Item);
    },
    put: async (key, item) => {
      await retryingConflicts(() =>
        client.send(new PutCommand({ TableName: tableName, Item: { ...item, ...key } })),
      );
    },
    putIfAbsent: (key, item) =>
      holds(() =>
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...item, ...key },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      ),
    putIfAbsentOr: (key, item, { condition = '', ...expression }) =>
      holds(() =>
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...item, ...key },
            ...expressionInput(expression),
            ConditionExpression: `attribute_not_exists(pk) OR (${condition})`,
          }),
        ),
      ),
    update: async (key, expression) => {
      try {
        const { Attributes } = await retryingConflicts(() =>
          client.send(
            new UpdateCommand({ ...updateInput(key, expression), ReturnValues: 'ALL_NEW' }),
          ),
        );
        return Attributes ?? {};
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return undefined;
        throw error;
      }
    },
    delete: (key, expression = {}) =>
      holds(() =>
        client.send(
          new DeleteCommand({
            TableName: tableName,
            Key: { ...key },
            ...expressionInput(expression),
          }),
        ),
      ),
    queryAll: async (pk, prefix, schema) => {
      const items = [];
      for await (const page of pagesOf(beginningWith(pk, prefix))) {
        for (const item of page) items.push(schema.parse(item));
      }
      return items;
    },
    queryLast: async (pk, prefix, schema) => {
      const last = { ...beginningWith(pk, prefix), ScanIndexForward: false, Limit: 1 };
      for await (const [item] of pagesOf(last)) {
        return item === undefined ? undefined : schema.parse(item);
      }
      return undefined;
    },
    queryState: async (statePk, schema, { from, until, newestFirst, limit = Infinity } = {}) => {
      const query: Query = {
        IndexName: STATE_INDEX,
        ScanIndexForward: newestFirst !== true,
        ...(limit === Infinity ? {} : { Limit: limit }),
        KeyConditionExpression:
          from !== undefined
            ? 'statePk = :pk AND stateSk BETWEEN :from AND :until'
            : until === undefined
              ? 'statePk = :pk'
              : 'statePk = :pk AND stateSk <= :until',
        ExpressionAttributeValues: {
          ':pk': statePk,
          ...(from === undefined ? {} : { ':from': from, ':until': AFTER_ALL }),
          ...(until === undefined ? {} : { ':until': until }),
        },
      };
      const items = [];
      for await (const page of pagesOf(query)) {
        for (const item of page) items.push(schema.parse(item));
        if (items.length >= limit) break;
      }
      return items.slice(0, limit);
    },
    transact: async (writes) => {
      try {
        await retryingConflicts(() =>
          client.send(new TransactWriteCommand({ TransactItems: [...writes] })),
        );
        return true;
      } catch (error) {
        if (
          error instanceof TransactionCanceledException &&
          error.CancellationReasons?.some((reason) => reason.Code === 'ConditionalCheckFailed')
        ) {
          return false;
        }
        throw error;
      }
    },
    putMany: (puts) => writeMany(client, tableName, puts),
    deleteMany: (keys) =>
      writeMany(
        client,
        tableName,
        keys.map((key) => ({ key })),
      ),
    write: {
      put: (key, item, options = {}) => ({
        Put: {
          TableName: tableName,
          Item: { ...item, ...key },
          ...(options.ifAbsent === true ? { ConditionExpression: 'attribute_not_exists(pk)' } : {}),
          ...(options.or === undefined
            ? {}
            : expressionInput({
                ...options.or,
                condition: `attribute_not_exists(pk) OR (${options.or.condition})`,
              })),
          ...(options.ifPresent === true ? { ConditionExpression: 'attribute_exists(pk)' } : {}),
        },
      }),
      update: (key, expression) => ({ Update: updateInput(key, expression) }),
      delete: (key, expression = {}) => ({
        Delete: { TableName: tableName, Key: { ...key }, ...expressionInput(expression) },
      }),
      check: (key, expression) => ({
        ConditionCheck: {
          TableName: tableName,
          Key: { ...key },
          ...expressionInput(expression),
          ConditionExpression: expression.condition,
        },
      }),
    },
  };
};
