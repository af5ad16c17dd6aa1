/**
 * How many runners a worker needs, and the stored leases by which they are counted. A lease is put before its
 * runner is started, so that two who see the same backlog do not both start one; an expired lease counts for
 * nothing, so that a runner that died without a word is replaced.
 */
import type { RunnerLease } from '../contracts/items.ts';

/**
 * Milliseconds that a runner has from its start to its first renewal: an image may have to be pulled. One with GPUs
 * waits for a machine, too, and none of them may be started twice for being slow; the event of a task that could not
 * start takes its lease away earlier.
 */
export const START_LEASE_MS = { fargate: 120_000, gpu: 1_200_000, 'gpu-spot': 1_200_000 } as const;

/** Milliseconds after which a pool's lock counts as left behind by somebody who died. */
export const POOL_LOCK_MS = 15_000;

export interface RunnerPool {
  /** The leases that have not expired at `now`. */
  liveLeases(worker: string, now: number): Promise<RunnerLease[]>;
  addLease(lease: RunnerLease): Promise<void>;
  /** The runner's own. False when the lease is gone: the runner should end, for it is not counted any more. */
  renewLease(
    worker: string,
    runnerId: string,
    facts: Required<Pick<RunnerLease, 'leaseUntil' | 'isolation'>>,
  ): Promise<boolean>;
  /** Keeps which task holds the lease. False when the lease is gone: its runner has ended already. */
  setTask(worker: string, runnerId: string, taskArn: string): Promise<boolean>;
  /** False when it was gone. */
  removeLease(worker: string, runnerId: string): Promise<boolean>;
  /** Removes every lease of the worker, expired or not; how many there were. */
  removeAllLeases(worker: string): Promise<number>;
  /** `taken`: somebody else counts. `paused`: nobody does, and until the pause is over nobody is to. */
  lock(worker: string, holder: string, now: number): Promise<'locked' | 'taken' | 'paused'>;
  unlock(worker: string, holder: string): Promise<void>;
  /** Makes the holder's lock a pause until that time. */
  pause(worker: string, holder: string, until: number): Promise<void>;
}

/** The runners that a backlog of jobs, waiting and being worked on, keeps busy; never more than the worker may have. */
export const runnersNeeded = (
  backlog: number,
  worker: { readonly slots: number; readonly maxRunners: number },
): number => Math.min(worker.maxRunners, Math.ceil(Math.max(0, backlog) / worker.slots));
