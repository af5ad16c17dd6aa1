/** Starts the execution of a run of a job. Its name is the job's and the run's, so twice is once. */
import type { JobItem } from '../contracts/items.ts';
import { executionName } from '../contracts/keys.ts';
import type { JobInput } from '../contracts/messages.ts';
import { DEFAULT_WORKER, workQueueSuffix } from '../contracts/names.ts';
import type { Clock, Executions } from '../contracts/ports.ts';
import type { Priority } from '../contracts/vocabulary.ts';
import { MAXIMUM_BACKOFF_SECONDS } from '../packages/extensions.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';

export interface StartJobDependencies {
  readonly executions: Pick<Executions, 'start'>;
  readonly jobMachineArn: string;
  /** URL of a work queue without the `<worker>-<priority>` at its end. */
  readonly workQueueUrlPrefix: string;
  readonly clock: Clock;
  /** Where a task is started for each job of a docker worker. */
  readonly dockerQueueUrl: string;
  readonly workers: { get(name: string): Promise<Pick<WorkerItem, 'type'> | undefined> };
}

export const workQueueUrl = (prefix: string, worker: string, priority: Priority): string =>
  `${prefix}${workQueueSuffix(worker, priority)}`;

/** The queues of a worker's jobs of these priorities. */
export const workQueueUrls = (
  prefix: string,
  worker: string,
  priorities: readonly Priority[],
): Readonly<Partial<Record<Priority, string>>> =>
  Object.fromEntries(
    priorities.map((priority) => [priority, workQueueUrl(prefix, worker, priority)]),
  );

export const workerOf = (job: Pick<JobItem, 'worker'>): string => job.worker ?? DEFAULT_WORKER;

/** Whole seconds until the job may begin; 0 for all but those that are tried again. */
export const delayOf = ({ notBefore }: Pick<JobItem, 'notBefore'>, now: number): number =>
  notBefore === undefined
    ? 0
    : Math.min(MAXIMUM_BACKOFF_SECONDS, Math.max(0, Math.ceil((notBefore - now) / 1000)));

export const startJob = async (
  deps: StartJobDependencies,
  job: Pick<JobItem, 'sessionId' | 'id' | 'run' | 'worker' | 'priority' | 'notBefore'>,
): Promise<'started' | 'exists'> => {
  const { executions, jobMachineArn, workQueueUrlPrefix, dockerQueueUrl, workers, clock } = deps;
  const worker = workerOf(job);
  const isDocker = (await workers.get(worker))?.type === 'docker';
  const input: JobInput = {
    sessionId: job.sessionId,
    jobId: job.id,
    run: job.run,
    worker,
    priority: job.priority,
    queueUrl: isDocker ? dockerQueueUrl : workQueueUrl(workQueueUrlPrefix, worker, job.priority),
    delaySeconds: delayOf(job, clock()),
  };
  return executions.start(jobMachineArn, executionName(job.id, job.run), input);
};
