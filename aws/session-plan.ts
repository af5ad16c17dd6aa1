/**
 * Stores the graph of a session and opens the session, once. A message for a plan can come twice, even while the first
 * is at work, and whoever works on it may stall and go on much later: an edge that is put back after the session runs
 * would let a job start too early. A graph that fits is written by one transaction with the session's change to
 * RUNNING. A larger one is written without any condition, at half the price, to partitions that nobody else writes to
 * and nobody reads: the session's change to RUNNING names them, and so makes that graph, which is whole by then, the
 * session's. Whoever comes second finds the session running, and removes what it wrote; what one has left that died is
 * removed by who opens the session, or by who is given that one's message.
 */
import { randomUUID } from 'node:crypto';
import { graphKeys, partitionsFor, type GraphKeys } from '../core/contracts/graph-keys.ts';
import {
  SessionItem,
  type EdgeItem,
  type JobItem,
  type SpreadGraph,
} from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import { readEdges, readJobs } from './session-graphs.ts';
import type { Expression, Table } from './table.ts';

type Planned = Pick<SessionItem, 'id' | 'reason'>;

/** DynamoDB takes 100 writes in a transaction; one of them is the session. */
const WRITES_PER_TRANSACTION = 99;

/** PLANNING → RUNNING. */
const opening = ({ reason }: Planned, startedAt: number, graph?: SpreadGraph): Expression => {
  const optional = { ...(reason === undefined ? {} : { reason }), ...(graph && { graph }) };
  const statePk = stateIndexKeys.session('RUNNING');
  const change = { state: 'RUNNING', statePk, startedAt, ...optional };
  const names = Object.keys(change);
  return {
    update: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
    condition: '#state = :planning',
    names,
    values: { ...change, planning: 'PLANNING' },
  };
};

/** Every item of the graph, with its key. */
const itemsOf = (keys: GraphKeys, jobs: readonly JobItem[], edges: readonly EdgeItem[]) => [
  ...jobs.map((item) => ({ key: keys.job(item.nodeId), item })),
  ...edges.map((item) => ({ key: keys.edge(item.from, item.to), item })),
];

/** So that whatever comes of it, somebody knows what there is to delete. False when the session is not PLANNING any more. */
const noteBegun = async (table: Table, id: string, graph: SpreadGraph): Promise<boolean> => {
  const noted = await table.update(tableKeys.session(id), {
    update: 'SET #begun = list_append(if_not_exists(#begun, :none), :graphs)',
    condition: '#state = :planning',
    names: ['begun', 'state'],
    values: { none: [], graphs: [graph], planning: 'PLANNING' },
  });
  return noted !== undefined;
};

/** See SessionStore. */
export const removeOtherGraphs = async (
  table: Table,
  { id, graph, begun = [] }: Pick<SessionItem, 'id' | 'graph' | 'begun'>,
): Promise<void> => {
  // Until the session has its own, each of them may yet become that.
  if (graph === undefined) return;
  for (const other of begun.filter(({ writer }) => writer !== graph.writer)) {
    const keys = graphKeys(id, other);
    const [jobs, edges] = await Promise.all([readJobs(table, keys), readEdges(table, keys)]);
    await table.deleteMany(itemsOf(keys, jobs, edges).map(({ key }) => key));
  }
};

const storeSpread = async (
  table: Table,
  session: Planned,
  jobs: readonly JobItem[],
  edges: readonly EdgeItem[],
  startedAt: number,
): Promise<boolean> => {
  const graph = {
    writer: randomUUID(),
    partitions: partitionsFor(jobs.length + edges.length),
  };
  if (!(await noteBegun(table, session.id, graph))) return false;
  const puts = itemsOf(graphKeys(session.id, graph), jobs, edges);
  await table.putMany(puts);
  const key = tableKeys.session(session.id);
  const opened = await table.update(key, opening(session, startedAt, graph));
  // An update that is repeated because its answer was lost meets itself.
  const current =
    opened === undefined ? await table.get(key, SessionItem) : SessionItem.parse(opened);
  if (current?.graph?.writer === graph.writer) {
    await removeOtherGraphs(table, current);
    return true;
  }
  await table.deleteMany(puts.map((put) => put.key));
  return false;
};

/** False when the session is not PLANNING any more. */
export const storePlan = async (
  table: Table,
  session: Planned,
  jobs: readonly JobItem[],
  edges: readonly EdgeItem[],
  startedAt: number,
): Promise<boolean> => {
  if (jobs.length + edges.length > WRITES_PER_TRANSACTION) {
    return storeSpread(table, session, jobs, edges, startedAt);
  }
  const puts = itemsOf(graphKeys(session.id), jobs, edges);
  return table.transact([
    table.write.update(tableKeys.session(session.id), opening(session, startedAt)),
    ...puts.map(({ key, item }) => table.write.put(key, item)),
  ]);
};
