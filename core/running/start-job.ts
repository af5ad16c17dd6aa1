/** Starts the execution of a run of a job. Its name is the job's and the run's, so twice is once. */
import type { JobItem } from '../contracts/items.ts';
import { executionName } from '../contracts/keys.ts';
import type { JobInput } from '../contracts/messages.ts';
import { DEFAULT_WORKER } from '../contracts/names.ts';
import type { Executions } from '../contracts/ports.ts';
import type { Priority } from '../contracts/vocabulary.ts';

export interface StartJobDependencies {
  readonly executions: Pick<Executions, 'start'>;
  readonly jobMachineArn: string;
  /** URL of a work queue without the `<worker>-<priority>` at its end. */
  readonly workQueueUrlPrefix: string;
}

export const workQueueUrl = (prefix: string, worker: string, priority: Priority): string =>
  `${prefix}${worker}-${priority}`;

export const workerOf = (job: Pick<JobItem, 'worker'>): string => job.worker ?? DEFAULT_WORKER;

export const startJob = async (
  { executions, jobMachineArn, workQueueUrlPrefix }: StartJobDependencies,
  job: Pick<JobItem, 'sessionId' | 'id' | 'run' | 'worker' | 'priority'>,
): Promise<'started' | 'exists'> => {
  const worker = workerOf(job);
  const input: JobInput = {
    sessionId: job.sessionId,
    jobId: job.id,
    run: job.run,
    worker,
    priority: job.priority,
    queueUrl: workQueueUrl(workQueueUrlPrefix, worker, job.priority),
  };
  return executions.start(jobMachineArn, executionName(job.id, job.run), input);
};
