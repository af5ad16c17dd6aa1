/**
 * Stores the graph of a session and opens the session, once. A graph that fits into one transaction is written by
 * one. A larger one takes many, and a message for a plan can come twice, even while the first is at work: so whoever
 * stores it signs the session first as its planner (graph-writes.ts). A later planner takes over, and removes what
 * an earlier one has left.
 */
import { randomUUID } from 'node:crypto';
import { EdgeItem, JobItem, type SessionItem } from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import { WRITES_PER_BATCH, edgeKey, jobKey, signLanes, writeInLanes } from './graph-writes.ts';
import type { Expression, Table } from './table.ts';

type Planned = Pick<SessionItem, 'id' | 'reason'>;

/** PLANNING → RUNNING, if `and` holds too. */
const opening = (
  { reason }: Planned,
  startedAt: number,
  and: Required<Pick<Expression, 'condition' | 'values'>>,
): Expression => ({
  update:
    'SET #state = :running, #statePk = :statePk, #startedAt = :startedAt' +
    (reason === undefined ? '' : ', #reason = :reason'),
  condition: `#state = :planning AND ${and.condition}`,
  names: [
    ...['planner', 'state', 'statePk', 'startedAt'],
    ...(reason === undefined ? [] : ['reason']),
  ],
  values: {
    ...{ planning: 'PLANNING', running: 'RUNNING' },
    ...{ statePk: stateIndexKeys.session('RUNNING'), startedAt, reason },
    ...and.values,
  },
});

/** False when the session is not PLANNING any more, or another planner took over. */
export const storePlan = async (
  table: Table,
  session: Planned,
  jobs: readonly JobItem[],
  edges: readonly EdgeItem[],
  startedAt: number,
): Promise<boolean> => {
  const key = tableKeys.session(session.id);
  const puts = [
    ...jobs.map((job) => ({ key: jobKey(job), item: job })),
    ...edges.map((edge) => ({ key: edgeKey(edge), item: edge })),
  ];
  const writes = puts.map((put) => table.write.put(put.key, put.item));
  if (writes.length <= WRITES_PER_BATCH) {
    // Without a planner nobody has ever left a part of a graph.
    const first = opening(session, startedAt, {
      condition: 'attribute_not_exists(#planner)',
      values: {},
    });
    if (await table.transact([table.write.update(key, first), ...writes])) return true;
  }

  const planner = randomUUID();
  const signing = {
    update: 'SET #planner = :planner',
    condition: '#state = :planning',
    names: ['planner', 'state'],
    values: { planner, planning: 'PLANNING' },
  };
  const signed = [table.write.update(key, signing), ...signLanes(table, session.id, planner)];
  if (!(await table.transact(signed))) return false;

  const partition = tableKeys.sessionPartition(session.id);
  const [oldJobs, oldEdges] = await Promise.all([
    table.queryAll(partition, tableKeys.jobPrefix, JobItem),
    table.queryAll(partition, tableKeys.edgesPrefix, EdgeItem),
  ]);
  const kept = new Set(puts.map((put) => put.key.sk));
  const leftovers = [...oldJobs.map(jobKey), ...oldEdges.map(edgeKey)]
    .filter(({ sk }) => !kept.has(sk))
    .map((leftover) => table.write.delete(leftover));
  if (!(await writeInLanes(table, session.id, planner, [...leftovers, ...writes]))) return false;
  const mine = { condition: '#planner = :planner', values: { planner } };
  return (await table.update(key, opening(session, startedAt, mine))) !== undefined;
};
