/**
 * How many tasks of a docker worker run at a time: each takes one of the worker's `maxRunners` places before it is
 * started, and leaves it when ECS says that it has stopped. Places are leases of the worker's pool, so that the place
 * of a task that nobody heard of again is free some time after its job's limit.
 */
import type { JobItem, RunnerLease } from '../contracts/items.ts';
import { executionName } from '../contracts/keys.ts';
import type { Priority } from '../contracts/vocabulary.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';
import { DEFAULT_TIMEOUT_SECONDS } from '../packages/durations.ts';
import type { RunnerPool } from './runner-pool.ts';

/** Beside the job's own limit: for the machine, the image, the images of the patient. */
const AROUND_THE_JOB_MS = 3_600_000;

/** Seconds until a job without a place asks again: of those that wait, the urgent ones come first. */
export const ASK_AGAIN_SECONDS: Readonly<Record<Priority, number>> = {
  immediate: 2,
  higher: 5,
  normal: 15,
  lower: 30,
};

type Places = Pick<RunnerPool, 'liveLeases' | 'takeLease' | 'removeLease'>;

type Run = Pick<JobItem, 'id' | 'run'>;

const holderOf = ({ id, run }: Run): string => executionName(id, run);

/** False when the worker has no place left. A run that has one keeps it. Those on Spot capacity are counted apart. */
export const takePlace = async (
  places: Places,
  worker: Pick<WorkerItem, 'name' | 'maxRunners'>,
  job: Run & Pick<JobItem, 'timeoutSeconds'>,
  { spot, now }: { readonly spot: boolean; readonly now: number },
): Promise<boolean> => {
  const holder = holderOf(job);
  const live = await places.liveLeases(worker.name, now);
  if (live.some((lease) => lease.holder === holder)) return true;
  const taken = new Set(live.map(({ runnerId }) => runnerId));
  const leaseUntil =
    now + 1000 * (job.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) + AROUND_THE_JOB_MS;
  for (let number = 1; number <= worker.maxRunners; number += 1) {
    const runnerId = `${spot ? 'spot-task' : 'task'}-${number}`;
    if (taken.has(runnerId)) continue;
    const lease: RunnerLease = { worker: worker.name, runnerId, leaseUntil, holder };
    if (await places.takeLease(spot ? { ...lease, spot } : lease, now)) return true;
  }
  return false;
};

/** Repeated, it takes nobody else's place. */
export const leavePlace = async (
  places: Places,
  worker: string,
  run: Run,
  now: number,
): Promise<void> => {
  const holder = holderOf(run);
  for (const lease of await places.liveLeases(worker, now)) {
    if (lease.holder === holder) await places.removeLease(worker, lease.runnerId);
  }
};
