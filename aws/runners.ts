/** The leases of runners and the lock of each pool, as items of the table. */
import { RunnerLease } from '../core/contracts/items.ts';
import { z } from 'zod';
import { tableKeys } from '../core/contracts/keys.ts';
import { POOL_LOCK_MS, type RunnerPool } from '../core/running/runner-pool.ts';
import type { Table } from './table.ts';

const Lock = z.object({ paused: z.boolean().optional() });

export const tableRunners = (table: Table): RunnerPool => {
  const leases = (worker: string) =>
    table.queryAll(tableKeys.poolPartition(worker), tableKeys.runnerPrefix, RunnerLease);
  return {
    liveLeases: async (worker, now) =>
      (await leases(worker)).filter((lease) => lease.leaseUntil > now),
    addLease: (lease) => table.put(tableKeys.runner(lease.worker, lease.runnerId), { ...lease }),
    renewLease: async (worker, runnerId, { leaseUntil, isolation }) => {
      const renewed = await table.update(tableKeys.runner(worker, runnerId), {
        update: 'SET #leaseUntil = :leaseUntil, #isolation = :isolation',
        condition: 'attribute_exists(pk)',
        names: ['leaseUntil', 'isolation'],
        values: { leaseUntil, isolation },
      });
      return renewed !== undefined;
    },
    setTask: async (worker, runnerId, taskArn) => {
      const kept = await table.update(tableKeys.runner(worker, runnerId), {
        update: 'SET #taskArn = :taskArn',
        condition: 'attribute_exists(pk)',
        names: ['taskArn'],
        values: { taskArn },
      });
      return kept !== undefined;
    },
    removeLease: (worker, runnerId) =>
      table.delete(tableKeys.runner(worker, runnerId), { condition: 'attribute_exists(pk)' }),
    removeAllLeases: async (worker) => {
      const all = await leases(worker);
      for (const { runnerId } of all) await table.delete(tableKeys.runner(worker, runnerId));
      return all.length;
    },
    lock: async (worker, holder, now) => {
      const locked = await table.update(tableKeys.poolLock(worker), {
        update: 'SET #holder = :holder, #lockUntil = :lockUntil REMOVE #paused',
        condition: 'attribute_not_exists(pk) OR #lockUntil <= :now',
        names: ['holder', 'lockUntil', 'paused'],
        values: { holder, lockUntil: now + POOL_LOCK_MS, now },
      });
      if (locked !== undefined) return 'locked';
      const current = await table.get(tableKeys.poolLock(worker), Lock);
      return current?.paused === true ? 'paused' : 'taken';
    },
    unlock: async (worker, holder) => {
      await table.delete(tableKeys.poolLock(worker), {
        condition: '#holder = :holder',
        names: ['holder'],
        values: { holder },
      });
    },
    pause: async (worker, holder, until) => {
      await table.update(tableKeys.poolLock(worker), {
        update: 'SET #paused = :yes, #lockUntil = :until',
        condition: '#holder = :holder',
        names: ['paused', 'lockUntil', 'holder'],
        values: { yes: true, until, holder },
      });
    },
  };
};
