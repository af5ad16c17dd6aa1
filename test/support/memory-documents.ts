/**
 * A DynamoDB in memory, at the place of the SDK's document client: the calls that sessions make, each done at once and
 * whole, with the expressions that they are made with. The suites of the stores run over it and over the emulator.
 */
import {
  ConditionalCheckFailedException,
  ThrottlingException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import type {
  BatchWriteCommandInput,
  DynamoDBDocumentClient,
  TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { evaluate, updated, type Expressed, type Item } from './expressions.ts';

interface Call extends Expressed {
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConditionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly KeyConditionExpression?: string;
  readonly IndexName?: string | undefined;
  readonly ScanIndexForward?: boolean | undefined;
  readonly Limit?: number | undefined;
  readonly RequestItems?: BatchWriteCommandInput['RequestItems'];
  readonly TransactItems?: TransactWriteCommandInput['TransactItems'];
}

/** What a call asks of one partition. */
export interface Demand {
  readonly pk: string;
  readonly kind: 'read' | 'write';
  readonly units: number;
}

export interface MemoryClientOptions {
  /** Awaited before a call, by the name of its command; what it throws is the call's answer. */
  readonly before?: (name: string) => Promise<void>;
  /** False: a partition has had what it takes for now, and the call, or that part of a batch, is throttled. */
  readonly take?: (demands: readonly Demand[]) => boolean;
}

export interface MemoryDocuments {
  client(options?: MemoryClientOptions): DynamoDBDocumentClient;
  /** By partition and sort key. */
  readonly items: ReadonlyMap<string, ReadonlyMap<string, Item>>;
}

/** `changed` hears of every item that is written or deleted, before the call is answered. */
export type Changed = (key: Item, before: Item | undefined, after: Item | undefined) => void;

const partOf = (key: Item, name: 'pk' | 'sk'): string => String(key[name]);
const keyOf = ({ Key, Item: item }: Call): Item => Key ?? item ?? {};

const sizeOf = (item: Item): number => Buffer.byteLength(JSON.stringify(item), 'utf8');
/** DynamoDB counts a write by each 1,024 bytes of its item, a consistent read by each 4,096. */
const unitsOf = (bytes: number, unit: number): number => Math.max(1, Math.ceil(bytes / unit));

const throttled = (): Error => new ThrottlingException({ $metadata: {}, message: 'throttled' });

export const memoryDocuments = (changed: Changed = () => undefined): MemoryDocuments => {
  const items = new Map<string, Map<string, Item>>();
  const get = (key: Item): Item | undefined => items.get(partOf(key, 'pk'))?.get(partOf(key, 'sk'));
  const set = (key: Item, after: Item | undefined): void => {
    const before = get(key);
    const partition = items.get(partOf(key, 'pk')) ?? new Map<string, Item>();
    items.set(partOf(key, 'pk'), partition);
    if (after === undefined) partition.delete(partOf(key, 'sk'));
    else partition.set(partOf(key, 'sk'), structuredClone(after));
    changed(key, before, after);
  };
  const holds = (call: Call): boolean =>
    call.ConditionExpression === undefined ||
    evaluate(call.ConditionExpression, call, get(keyOf(call)) ?? {});
  /** The item after it. */
  const write = (kind: string, call: Call): Item => {
    const key = keyOf(call);
    const item = get(key) ?? { pk: key['pk'], sk: key['sk'] };
    if (kind === 'Put') set(key, call.Item);
    if (kind === 'Delete') set(key, undefined);
    if (kind !== 'Update') return item;
    const after = updated(call.UpdateExpression ?? '', call, item);
    set(key, after);
    return after;
  };
  const writeDemand = (call: Call, times = 1): Demand => {
    const key = keyOf(call);
    const bytes = Math.max(sizeOf(call.Item ?? key), sizeOf(get(key) ?? key));
    return { pk: partOf(key, 'pk'), kind: 'write', units: times * unitsOf(bytes, 1024) };
  };
  const query = (call: Call): Item[] => {
    const isIndex = call.IndexName !== undefined;
    const pk = String(call.ExpressionAttributeValues?.[':pk']);
    const among = isIndex
      ? [...items.values()].flatMap((partition) => [...partition.values()])
      : [...(items.get(pk)?.values() ?? [])];
    const sortKey = isIndex ? 'stateSk' : 'sk';
    const found = among
      .filter((item) => evaluate(call.KeyConditionExpression ?? '', call, item))
      .sort((one, other) => (String(one[sortKey]) < String(other[sortKey]) ? -1 : 1));
    if (call.ScanIndexForward === false) found.reverse();
    return structuredClone(found.slice(0, call.Limit));
  };

  return {
    items,
    client: ({ before, take = () => true } = {}) => {
      const read = (pk: string, found: readonly Item[]): void => {
        const bytes = found.reduce((sum, item) => sum + sizeOf(item), 0);
        if (!take([{ pk, kind: 'read', units: unitsOf(bytes, 4096) }])) throw throttled();
      };
      const single = (kind: string, call: Call) => {
        if (!take([writeDemand(call)])) throw throttled();
        if (holds(call)) return { Attributes: structuredClone(write(kind, call)) };
        throw new ConditionalCheckFailedException({ $metadata: {}, message: 'not so' });
      };
      const transact = (calls: readonly [string, Call][]) => {
        const cancelled = (codes: string[]): Error =>
          new TransactionCanceledException({
            ...{ $metadata: {}, message: 'cancelled' },
            CancellationReasons: codes.map((Code) => ({ Code })),
          });
        const isPaid = take(calls.map(([, call]) => writeDemand(call, 2)));
        if (!isPaid) throw cancelled(calls.map(() => 'ThrottlingError'));
        const held = calls.map(([, call]) => holds(call));
        if (held.includes(false)) {
          throw cancelled(held.map((one) => (one ? 'None' : 'ConditionalCheckFailed')));
        }
        for (const [kind, call] of calls) write(kind, call);
        return {};
      };
      const batch = (requestItems: NonNullable<Call['RequestItems']>) => {
        const left = Object.entries(requestItems).map(([table, requests]) => {
          const refused = requests.filter(({ PutRequest, DeleteRequest }) => {
            const call = (PutRequest ?? DeleteRequest) as Call;
            if (!take([writeDemand(call)])) return true;
            write(PutRequest === undefined ? 'Delete' : 'Put', call);
            return false;
          });
          if (refused.length === requests.length) throw throttled();
          return [table, refused] as const;
        });
        return { UnprocessedItems: Object.fromEntries(left) };
      };
      const answer = (name: string, call: Call): unknown => {
        switch (name) {
          case 'GetCommand': {
            const item = get(keyOf(call));
            read(partOf(keyOf(call), 'pk'), item === undefined ? [] : [item]);
            return { Item: structuredClone(item) };
          }
          case 'QueryCommand': {
            const found = query(call);
            read(String(call.ExpressionAttributeValues?.[':pk']), found);
            return { Items: found };
          }
          case 'PutCommand':
          case 'UpdateCommand':
          case 'DeleteCommand':
            return single(name.replace('Command', ''), call);
          case 'BatchWriteCommand':
            return batch(call.RequestItems ?? {});
          case 'TransactWriteCommand':
            return transact(
              (call.TransactItems ?? []).flatMap((one) => Object.entries(one) as [string, Call][]),
            );
          default:
            throw new Error(`${name} is no call of sessions`);
        }
      };
      const send = async (command: { input: Call }): Promise<unknown> => {
        const { name } = command.constructor;
        await before?.(name);
        return answer(name, command.input);
      };
      return { send } as unknown as DynamoDBDocumentClient;
    },
  };
};
