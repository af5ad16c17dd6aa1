/**
 * Puts and deletes of many items without conditions and not at once: one write unit for each kibibyte, where a
 * transaction takes two. DynamoDB answers with what it did not do when a partition has had its writes for this second;
 * that is sent again, for as long as anything gets through.
 */
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TableKey } from '../core/contracts/keys.ts';
import { forEach, limiter } from '../core/running/concurrency.ts';
import { isThrottled } from './conflicts.ts';

/** DynamoDB takes no more in one call. */
const WRITES_PER_CALL = 25;

/** Partitions that are written to at a time, each by one call after another. */
const PARTITIONS_AT_A_TIME = 64;

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1000;
/** Calls in a row, with their pauses some 8 s, of which nothing was done. */
const MOST_IDLE_CALLS = 12;

export interface ManyWrite {
  readonly key: TableKey;
  /** Without it, the item of the key is deleted. */
  readonly item?: Readonly<Record<string, unknown>>;
}

/** Writes were throttled for too long; some of them are done. */
export class WritesThrottled extends Error {
  override readonly name = 'WritesThrottled';
  readonly left: number;

  constructor(left: number) {
    super(`DynamoDB throttled a partition for too long; ${String(left)} writes were left`);
    this.left = left;
  }
}

const requestOf = ({ key, item }: ManyWrite) =>
  item === undefined
    ? { DeleteRequest: { Key: { ...key } } }
    : { PutRequest: { Item: { ...item, ...key } } };

type Request = ReturnType<typeof requestOf>;

export const writeMany = async (
  client: DynamoDBDocumentClient,
  tableName: string,
  writes: readonly ManyWrite[],
): Promise<void> => {
  /** What is left of the call. */
  const call = async (requests: Request[]): Promise<Request[]> => {
    try {
      const { UnprocessedItems } = await client.send(
        new BatchWriteCommand({ RequestItems: { [tableName]: requests } }),
      );
      return (UnprocessedItems?.[tableName] ?? []) as Request[];
    } catch (error) {
      if (isThrottled(error)) return requests;
      throw error;
    }
  };
  const inOrder = async (partition: readonly ManyWrite[]): Promise<void> => {
    let waiting = partition.map(requestOf);
    for (let idle = 0; waiting.length > 0;) {
      const requests = waiting.slice(0, WRITES_PER_CALL);
      const left = await call(requests);
      waiting = [...left, ...waiting.slice(WRITES_PER_CALL)];
      if (left.length === 0) {
        idle = 0;
        continue;
      }
      idle = left.length < requests.length ? 0 : idle + 1;
      if (idle === MOST_IDLE_CALLS) throw new WritesThrottled(waiting.length);
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** idle);
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
    }
  };
  const limit = limiter(PARTITIONS_AT_A_TIME);
  const partitions = Map.groupBy(writes, ({ key }) => key.pk);
  await forEach(partitions.values(), (partition) => limit(() => inOrder(partition)));
};
