/** What the end of a runner's task means: one that never started says on the waiting jobs why. */
import type { StoppedTask } from '../contracts/ports.ts';
import { noteOnQueuedJobs, type EnsureRunnersDependencies } from './ensure-runners.ts';

export type RunnerTaskEnd = 'noted' | 'ended';

/**
 * A runner that ran gives its jobs back itself, or loses its lease. One whose image could not be fetched, or that
 * found no place, never says anything: ECS does.
 */
export const runnerTaskEnded = async (
  deps: Pick<EnsureRunnersDependencies, 'sessions'>,
  worker: string,
  task: StoppedTask,
): Promise<RunnerTaskEnd> => {
  if (task.stopCode !== 'TaskFailedToStart') return 'ended';
  const why = task.stoppedReason ?? 'ECS gives no reason';
  await noteOnQueuedJobs(deps, worker, `Waits for a runner, whose task could not start: ${why}.`);
  return 'noted';
};
