/**
 * Resets the graph of a session that has ended, for a retry. As when a plan is stored: it can take many writes,
 * so whoever does it signs the session first (graph-writes.ts), and only the last write makes the session run. A
 * later retry takes over from an unfinished one.
 */
import { randomUUID } from 'node:crypto';
import { EdgeItem, JobItem, SessionItem } from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import type { GraphReset } from '../core/running/session-store.ts';
import { edgeKey, jobKey, signLanes, writeInLanes } from './graph-writes.ts';
import type { Table, Write } from './table.ts';

const ENDED = {
  condition: '#run = :run AND NOT #state IN (:planning, :running)',
  names: ['run', 'state'],
  values: { planning: 'PLANNING', running: 'RUNNING' },
} as const;

export const retrySession = async (
  table: Table,
  id: string,
  run: number,
  reset: (jobs: readonly JobItem[], epoch: number) => GraphReset,
): Promise<boolean> => {
  const key = tableKeys.session(id);
  const planner = randomUUID();
  const signed = await table.update(key, {
    update: 'SET #planner = :planner, #epoch = if_not_exists(#epoch, :none) + :one',
    condition: ENDED.condition,
    names: [...ENDED.names, 'planner', 'epoch'],
    values: { ...ENDED.values, run, planner, none: 0, one: 1 },
  });
  if (signed === undefined) return false;
  const stillMine = {
    condition: `${ENDED.condition} AND #planner = :planner`,
    names: [...ENDED.names, 'planner'],
    values: { ...ENDED.values, run, planner },
  };
  const lanes = [table.write.check(key, stillMine), ...signLanes(table, id, planner)];
  if (!(await table.transact(lanes))) return false;

  const partition = tableKeys.sessionPartition(id);
  const [jobs, oldEdges] = await Promise.all([
    table.queryAll(partition, tableKeys.jobPrefix, JobItem),
    table.queryAll(partition, tableKeys.edgesPrefix, EdgeItem),
  ]);
  const change = reset(jobs, SessionItem.parse(signed).epoch ?? 1);
  const kept = new Set(change.edges.map((edge) => edgeKey(edge).sk));
  const writes: Write[] = [
    ...oldEdges
      .map(edgeKey)
      .filter(({ sk }) => !kept.has(sk))
      .map((leftover) => table.write.delete(leftover)),
    ...change.jobs.map((job) => table.write.put(jobKey(job), job)),
    ...change.edges.map((edge) => table.write.put(edgeKey(edge), edge)),
  ];
  if (!(await writeInLanes(table, id, planner, writes))) return false;
  const restarted = await table.update(key, {
    update:
      'SET #state = :state, #statePk = :statePk, #run = :next ' +
      'REMOVE #endedAt, #reason, #token, #cancelledAt',
    condition: stillMine.condition,
    names: [...stillMine.names, 'statePk', 'endedAt', 'reason', 'token', 'cancelledAt'],
    values: {
      ...stillMine.values,
      state: change.state,
      statePk: stateIndexKeys.session(change.state),
      next: run + 1,
    },
  });
  return restarted !== undefined;
};
