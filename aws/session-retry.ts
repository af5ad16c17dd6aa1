/**
 * Resets the graph of a session that has ended, for a retry, where it lies. It can take many writes, so whoever does
 * it signs the session first (graph-writes.ts), and only the last write makes the session run. A later retry takes
 * over from an unfinished one.
 */
import { randomUUID } from 'node:crypto';
import { graphKeys } from '../core/contracts/graph-keys.ts';
import { SessionItem, type JobItem } from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import type { GraphReset } from '../core/running/session-store.ts';
import { signLanes, writeInLanes } from './graph-writes.ts';
import { readEdges, readJobs } from './session-graphs.ts';
import type { Table } from './table.ts';

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

  const { graph, epoch } = SessionItem.parse(signed);
  const keys = graphKeys(id, graph);
  const [jobs, oldEdges] = await Promise.all([readJobs(table, keys), readEdges(table, keys)]);
  const change = reset(jobs, epoch ?? 1);
  const edges = change.edges.map((item) => ({ key: keys.edge(item.from, item.to), item }));
  const kept = new Set(edges.map(({ key: { sk } }) => sk));
  const writes = [
    ...oldEdges
      .map(({ from, to }) => ({ key: keys.edge(from, to), item: undefined }))
      .filter((leftover) => !kept.has(leftover.key.sk)),
    ...change.jobs.map((item) => ({ key: keys.job(item.nodeId), item })),
    ...edges,
  ];
  // A partition that has had its writes for this second cancels every transaction that it has a part in.
  const byPartition = [...Map.groupBy(writes, (write) => write.key.pk).values()].flat();
  const changes = byPartition.map((write) =>
    write.item === undefined
      ? table.write.delete(write.key)
      : table.write.put(write.key, write.item),
  );
  if (!(await writeInLanes(table, id, planner, changes))) return false;
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
