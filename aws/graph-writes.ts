/**
 * Resets the graph of a session, where it lies, in many transactions of which none may come late: one that puts back
 * an edge after the session runs again would let a job start too early. So each checks who resets it. Transactions that
 * check one item at the same time cancel each other, so there are some items of that kind, the lanes: who signs the
 * session signs all lanes in one transaction with that, and what is written in a lane asks for it.
 */
import { tableKeys, type TableKey } from '../core/contracts/keys.ts';
import type { Table, Write } from './table.ts';

/** DynamoDB takes 100 writes in a transaction; one of them is the check of the lane. */
const WRITES_PER_BATCH = 99;

/** How many transactions of one planner are under way at a time. Nobody may know of fewer than another does. */
const LANES = 8;

const laneKeys = (sessionId: string): TableKey[] =>
  Array.from({ length: LANES }, (_, lane) => tableKeys.plannerLane(sessionId, lane));

/** For one transaction with what makes `planner` the session's: from then on nobody else writes in a lane. */
export const signLanes = (table: Table, sessionId: string, planner: string): Write[] =>
  laneKeys(sessionId).map((key) =>
    table.write.update(key, {
      update: 'SET #planner = :planner',
      names: ['planner'],
      values: { planner },
    }),
  );

/** False when another planner took over; then some of the writes may be done. */
export const writeInLanes = async (
  table: Table,
  sessionId: string,
  planner: string,
  writes: readonly Write[],
): Promise<boolean> => {
  const lanes = laneKeys(sessionId);
  const batches = Array.from({ length: Math.ceil(writes.length / WRITES_PER_BATCH) }, (_, index) =>
    writes.slice(index * WRITES_PER_BATCH, (index + 1) * WRITES_PER_BATCH),
  );
  const done = await Promise.all(
    lanes.map(async (key, lane) => {
      const mine = table.write.check(key, {
        condition: '#planner = :planner',
        names: ['planner'],
        values: { planner },
      });
      for (let batch = lane; batch < batches.length; batch += LANES) {
        if (!(await table.transact([mine, ...(batches[batch] ?? [])]))) return false;
      }
      return true;
    }),
  );
  return done.every(Boolean);
};
