/**
 * What the end of a runner's task means. A runner that ran has given its jobs back and removed its lease. One that
 * never started says nothing itself: ECS does, and its lease must not be counted until it expires.
 */
import type { Advance } from '../contracts/messages.ts';
import type { Queues, StoppedTask } from '../contracts/ports.ts';
import { noteOnQueuedJobs, type EnsureRunnersDependencies } from './ensure-runners.ts';
import type { RunnerPool } from './runner-pool.ts';

/** ECS found no place for it: that is not different a second later. */
const LOOK_AGAIN_SECONDS = 30;

export interface RunnerTaskEndedDependencies extends Pick<EnsureRunnersDependencies, 'sessions'> {
  readonly runners: Pick<RunnerPool, 'removeLease'>;
  readonly workers: { list(): Promise<readonly { readonly name: string }[]> };
  readonly queues: Pick<Queues, 'send'>;
  readonly advanceQueueUrl: string;
}

/** `ended`: it had removed its lease itself. */
export type RunnerTaskEnd = 'noted' | 'replaced' | 'ended';

const workerOfLease = async (
  { runners, workers }: RunnerTaskEndedDependencies,
  runnerId: string,
): Promise<string | undefined> => {
  for (const { name } of await workers.list()) {
    if (await runners.removeLease(name, runnerId)) return name;
  }
  return undefined;
};

export const runnerTaskEnded = async (
  deps: RunnerTaskEndedDependencies,
  runnerId: string,
  task: StoppedTask,
): Promise<RunnerTaskEnd> => {
  const worker = await workerOfLease(deps, runnerId);
  if (worker === undefined) return 'ended';
  const again: Advance = { ensureRunner: { worker } };
  const neverStarted = task.stopCode === 'TaskFailedToStart';
  await deps.queues.send(deps.advanceQueueUrl, again, neverStarted ? LOOK_AGAIN_SECONDS : 0);
  if (!neverStarted) return 'replaced';
  const why = task.stoppedReason ?? 'ECS gives no reason';
  await noteOnQueuedJobs(deps, worker, `Waits for a runner, whose task could not start: ${why}.`);
  return 'noted';
};
