/** What the alarms ask about the platform each minute, read from what is stored: numbers and nothing of a patient. */
import { dueAt } from '../contracts/due-time.ts';
import type { PlatformMetric } from '../contracts/metrics.ts';
import { resourceNames } from '../contracts/names.ts';
import type { Clock, Queues } from '../contracts/ports.ts';
import { PRIORITIES } from '../contracts/vocabulary.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';
import type { GroupStore } from '../processors/group-store.ts';
import { gpusOf } from '../running/task-size.ts';
import { forEach, limiter } from '../running/concurrency.ts';
import type { SessionStore } from '../running/session-store.ts';
import { workerOf, workQueueUrl } from '../running/start-job.ts';

const CALLS_AT_A_TIME = 8;

export interface PlatformStateDependencies {
  readonly deployment: string;
  readonly sessions: Pick<SessionStore, 'listSessions' | 'getJobs'>;
  readonly groups: Pick<GroupStore, 'collectingDueBefore' | 'claimedBefore'>;
  readonly workers: { list(): Promise<readonly WorkerItem[]> };
  readonly queues: Pick<Queues, 'depth'>;
  /** URLs of the platform's own queues; those of workers follow from `workQueueUrlPrefix`. */
  readonly queueUrls: readonly string[];
  readonly workQueueUrlPrefix: string;
  readonly clock: Clock;
}

type State = Pick<
  Record<PlatformMetric, number>,
  'oldestWaitingJob' | 'closingLag' | 'deadLetters' | 'gpuJobs'
>;

/** The longest that a group is overdue, collecting or claimed, in seconds. */
const closingLag = async ({ groups, clock }: PlatformStateDependencies): Promise<number> => {
  const now = clock();
  const [collecting, claimed] = await Promise.all([
    groups.collectingDueBefore(now, 1),
    groups.claimedBefore(now, 1),
  ]);
  const since = [
    ...collecting.map(dueAt),
    ...claimed.map((group) => group.claimedAt ?? dueAt(group)),
  ];
  return Math.max(0, now - Math.min(now, ...since)) / 1000;
};

const deadLetters = async (
  deps: PlatformStateDependencies,
  workers: readonly WorkerItem[],
): Promise<number> => {
  const { queues, queueUrls, workQueueUrlPrefix, deployment } = deps;
  const names = resourceNames(deployment);
  const limit = limiter(CALLS_AT_A_TIME);
  const urls = [
    ...queueUrls,
    // Those of docker workers have none: their jobs' messages come by the queue of tasks.
    ...workers
      .filter(({ type }) => type !== 'docker')
      .flatMap(({ name }) =>
        PRIORITIES.map((priority) => workQueueUrl(workQueueUrlPrefix, name, priority)),
      ),
  ];
  const depths = await Promise.all(
    // A queue's URL ends with its name.
    urls.map((url) => limit(() => queues.depth(names.deadLetterQueue(url)))),
  );
  return depths.reduce((sum, { waiting, inFlight }) => sum + waiting + inFlight, 0);
};

/** Since the oldest waiting job was queued (one that is to be tried again later does not wait yet), and jobs on GPUs. */
const jobsOf = async (
  { sessions, clock }: PlatformStateDependencies,
  workers: readonly WorkerItem[],
): Promise<Pick<State, 'oldestWaitingJob' | 'gpuJobs'>> => {
  const now = clock();
  const withGpu = new Set(workers.flatMap((worker) => (gpusOf(worker) > 0 ? worker.name : [])));
  const limit = limiter(CALLS_AT_A_TIME);
  let oldest = now;
  let gpuJobs = 0;
  await forEach(await sessions.listSessions('RUNNING'), ({ id }) =>
    limit(async () => {
      for (const job of await sessions.getJobs(id)) {
        if (job.kind !== 'job') continue;
        const from = Math.max(job.queuedAt ?? now, job.notBefore ?? 0);
        if (job.state === 'QUEUED') oldest = Math.min(oldest, from);
        if (job.state === 'RUNNING' && withGpu.has(workerOf(job))) gpuJobs += 1;
      }
    }),
  );
  return { oldestWaitingJob: (now - oldest) / 1000, gpuJobs };
};

export const platformState = async (deps: PlatformStateDependencies): Promise<State> => {
  const workers = await deps.workers.list();
  const [jobs, lag, letters] = await Promise.all([
    jobsOf(deps, workers),
    closingLag(deps),
    deadLetters(deps, workers),
  ]);
  return { ...jobs, closingLag: lag, deadLetters: letters };
};
