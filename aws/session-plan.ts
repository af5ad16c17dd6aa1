/**
 * Stores the graph of a session. It can take many writes, and a message for a plan can come twice, even while
 * the first is at work: so whoever stores a graph first signs the session as its planner, and each batch is
 * written on the condition that the session is still being planned by it. A later planner removes what an
 * earlier one has left.
 */
import { randomUUID } from 'node:crypto';
import { EdgeItem, JobItem, type SessionItem } from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys, type TableKey } from '../core/contracts/keys.ts';
import type { Table, Write } from './table.ts';

/** DynamoDB takes 100 writes in a transaction; one of them is the check of the session. */
export const WRITES_PER_BATCH = 99;

/** Of the item that holds a node. */
export const jobKey = (job: JobItem): TableKey => tableKeys.job(job.sessionId, job.nodeId);
/** Of the item that holds an edge. */
export const edgeKey = (edge: EdgeItem): TableKey =>
  tableKeys.edge(edge.sessionId, edge.from, edge.to);

/** False when the session is not PLANNING any more, or another planner took over. */
export const storePlan = async (
  table: Table,
  session: Pick<SessionItem, 'id' | 'reason'>,
  jobs: readonly JobItem[],
  edges: readonly EdgeItem[],
  startedAt: number,
): Promise<boolean> => {
  const key = tableKeys.session(session.id);
  const planner = randomUUID();
  const signed = await table.update(key, {
    update: 'SET #planner = :planner',
    condition: '#state = :planning',
    names: ['planner', 'state'],
    values: { planner, planning: 'PLANNING' },
  });
  if (signed === undefined) return false;

  const partition = tableKeys.sessionPartition(session.id);
  const [oldJobs, oldEdges] = await Promise.all([
    table.queryAll(partition, tableKeys.jobPrefix, JobItem),
    table.queryAll(partition, tableKeys.edgesPrefix, EdgeItem),
  ]);
  const puts = [
    ...jobs.map((job) => ({ key: jobKey(job), item: job })),
    ...edges.map((edge) => ({ key: edgeKey(edge), item: edge })),
  ];
  const kept = new Set(puts.map((put) => put.key.sk));
  const leftovers = [...oldJobs.map(jobKey), ...oldEdges.map(edgeKey)].filter(
    ({ sk }) => !kept.has(sk),
  );
  const writes: Write[] = [
    ...leftovers.map((leftover) => table.write.delete(leftover)),
    ...puts.map((put) => table.write.put(put.key, put.item)),
  ];

  const stillMine = {
    condition: '#state = :planning AND #planner = :planner',
    names: ['planner', 'state'],
    values: { planner, planning: 'PLANNING' },
  };
  // One after another: transactions that check the same item at the same time would cancel each other.
  for (let start = 0; start < writes.length; start += WRITES_PER_BATCH) {
    const batch = writes.slice(start, start + WRITES_PER_BATCH);
    if (!(await table.transact([table.write.check(key, stillMine), ...batch]))) return false;
  }
  const running = await table.update(key, {
    update:
      'SET #state = :running, #statePk = :statePk, #startedAt = :startedAt' +
      (session.reason === undefined ? '' : ', #reason = :reason'),
    condition: stillMine.condition,
    names: [
      ...stillMine.names,
      'statePk',
      'startedAt',
      ...(session.reason === undefined ? [] : ['reason']),
    ],
    values: {
      ...stillMine.values,
      running: 'RUNNING',
      statePk: stateIndexKeys.session('RUNNING'),
      startedAt,
      reason: session.reason,
    },
  });
  return running !== undefined;
};
