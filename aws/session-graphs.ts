/**
 * Where the graph of a session lies, as its item says. It is remembered: a session that runs keeps its graph where it
 * is, through every retry, because its plan is sealed.
 */
import { z } from 'zod';
import { graphKeys, type GraphKeys, type KeyRange } from '../core/contracts/graph-keys.ts';
import { EdgeItem, JobItem, SpreadGraph } from '../core/contracts/items.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import { SessionState } from '../core/contracts/vocabulary.ts';
import { recentlyRead } from '../core/running/recently-read.ts';
import type { Table } from './table.ts';

export type GraphLookup = (sessionId: string) => Promise<GraphKeys>;

const Placed = z.object({ state: SessionState, graph: SpreadGraph.optional() });

/** Some hundred bytes each, for small graphs. */
const MOST_REMEMBERED = 1000;

export const graphLookup = (table: Table): GraphLookup => {
  const sessionOf = recentlyRead(
    MOST_REMEMBERED,
    async (id) => {
      const session = await table.get(tableKeys.session(id), Placed);
      return { keys: graphKeys(id, session?.graph), session };
    },
    // Without a graph it may yet be planned, and then have one elsewhere.
    ({ session }) => session?.graph !== undefined || session?.state === 'RUNNING',
  );
  return async (id) => (await sessionOf(id)).keys;
};

const readAll = async <T>(
  table: Table,
  ranges: readonly KeyRange[],
  schema: z.ZodType<T>,
): Promise<T[]> => {
  const parts = await Promise.all(
    ranges.map(({ pk, prefix }) => table.queryAll(pk, prefix, schema)),
  );
  return parts.flat();
};

/** In the order in which they were planned. */
export const readJobs = async (table: Table, keys: GraphKeys): Promise<JobItem[]> => {
  const jobs = await readAll(table, keys.jobs, JobItem);
  return jobs.sort((one, other) => (one.nodeId < other.nodeId ? -1 : 1));
};

export const readEdges = (table: Table, keys: GraphKeys): Promise<EdgeItem[]> =>
  readAll(table, keys.edges, EdgeItem);
