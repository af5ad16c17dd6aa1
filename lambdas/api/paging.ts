/**
 * Pages of listings. From the state index: newest first, over several of its partitions at once. From a list
 * that is in memory anyway: by position. The cursor is opaque to clients.
 */
import { z } from 'zod';
import type { Table } from '../../aws/table.ts';
import type { Page } from '../../core/contracts/api.ts';
import { ApiProblem } from './problems.ts';

export const Paging = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  next: z.string().optional(),
});

const StateCursor = z.object({
  /** The sort key of the last item that was looked at, and the ids at that key that were. */
  at: z.string(),
  seen: z.array(z.string()),
});
type StateCursor = z.infer<typeof StateCursor>;

const encode = (cursor: unknown): string =>
  Buffer.from(JSON.stringify(cursor)).toString('base64url');

const decode = <T>(text: string, schema: z.ZodType<T>): T => {
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    throw new ApiProblem('invalid-request', [
      { path: 'query.next', message: 'is not what an earlier page gave as "next"' },
    ]);
  }
};

/** What the state index sorts by stands beside an item's own fields. */
const Indexed = z.looseObject({ stateSk: z.string() });

const BATCH = 100;

export interface StateListing<T> {
  readonly partitions: readonly string[];
  readonly schema: z.ZodType<T>;
  readonly idOf: (item: T) => string;
  readonly keep: (item: T) => boolean;
}

/** One page over partitions of the state index; items that `keep` refuses do not count. */
export const pageOfStates = async <T>(
  table: Table,
  { partitions, schema, idOf, keep }: StateListing<T>,
  { limit, next }: z.infer<typeof Paging>,
): Promise<Page<T>> => {
  let cursor: StateCursor | undefined = next === undefined ? undefined : decode(next, StateCursor);
  const items: T[] = [];
  for (;;) {
    const from: StateCursor | undefined = cursor;
    const size = BATCH + (from?.seen.length ?? 0);
    const batches = await Promise.all(
      partitions.map((partition) =>
        table.queryState(partition, Indexed, {
          newestFirst: true,
          limit: size,
          ...(from === undefined ? {} : { until: from.at }),
        }),
      ),
    );
    const full = batches.filter((batch) => batch.length >= size);
    // Below the end of a batch that was cut short there may be items of its partition that are not here.
    const end = full
      .map((batch) => batch.at(-1)?.stateSk ?? '')
      .reduce((highest, key) => (key > highest ? key : highest), '');
    const merged = batches
      .flat()
      .filter((item) => item.stateSk >= end)
      .sort((a, b) => (a.stateSk < b.stateSk ? 1 : a.stateSk > b.stateSk ? -1 : 0));
    for (const [index, indexed] of merged.entries()) {
      const item = schema.parse(indexed);
      const id = idOf(item);
      if (cursor?.at === indexed.stateSk) {
        if (cursor.seen.includes(id)) continue;
        cursor = { at: cursor.at, seen: [...cursor.seen, id] };
      } else {
        cursor = { at: indexed.stateSk, seen: [id] };
      }
      // While it moves from one state to the next, an item can be seen in both.
      if (!keep(item) || items.some((earlier) => idOf(earlier) === id)) continue;
      items.push(item);
      if (items.length === limit) {
        const last = index === merged.length - 1 && full.length === 0;
        return { items, next: last ? null : encode(cursor) };
      }
    }
    if (full.length === 0) return { items, next: null };
  }
};

const Position = z.object({ position: z.int().min(0) });

/** One page of a whole list. */
export const pageOfList = <T>(
  all: readonly T[],
  { limit, next }: z.infer<typeof Paging>,
): Page<T> => {
  const start = next === undefined ? 0 : decode(next, Position).position;
  const end = start + limit;
  return {
    items: all.slice(start, end),
    next: end < all.length ? encode({ position: end }) : null,
  };
};
