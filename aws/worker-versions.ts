/** Versions of workers, and how the making of their environments went, as items of the table. */
import { tableKeys } from '../core/contracts/keys.ts';
import { WorkerImage } from '../core/contracts/worker-image.ts';
import { WorkerItem, type WorkerEnvironment } from '../core/contracts/worker-item.ts';
import type { WorkerImages } from '../core/running/worker-image.ts';
import type { Table } from './table.ts';

/** How the making of docker workers' images went. */
export const tableWorkerImages = (table: Pick<Table, 'get' | 'put'>): WorkerImages => ({
  get: (worker, hash) => table.get(tableKeys.workerImage(worker, hash), WorkerImage),
  put: (worker, hash, image) => table.put(tableKeys.workerImage(worker, hash), image),
});

export const tableWorkerVersions = (table: Table) => ({
  /** The version that the job's session was planned with; undefined for the default worker. */
  versionOf: async (job: {
    readonly worker?: string | undefined;
    readonly workerHash?: string | undefined;
  }): Promise<WorkerItem | undefined> =>
    job.worker === undefined || job.workerHash === undefined
      ? undefined
      : table.get(tableKeys.workerVersion(job.worker, job.workerHash), WorkerItem),
  putEnvironment: (worker: string, hash: string, environment: WorkerEnvironment): Promise<void> =>
    table.put(tableKeys.workerEnvironment(worker, hash), environment),
});
