/**
 * Jobs of docker workers: one task for each run of a job, and what the task's end means for it. Most tasks tell
 * their job's outcome themselves; what is left to decide is about those that could not.
 */
import { isoTime } from '../contracts/day.ts';
import { TASK_CONTAINERS } from '../contracts/docker-task.ts';
import { SessionObject, type JobItem } from '../contracts/items.ts';
import { executionName, parseExecutionName, parseJobId } from '../contracts/keys.ts';
import { objectKeys } from '../contracts/object-keys.ts';
import type { Advance, Work } from '../contracts/messages.ts';
import { ENV } from '../contracts/names.ts';
import type {
  Clock,
  Executions,
  ObjectStore,
  Queues,
  StoppedTask,
  Tasks,
} from '../contracts/ports.ts';
import { credentialVariables, type TaskCredentials } from '../contracts/task-credentials.ts';
import { serviceVariables } from '../contracts/service-variables.ts';
import type { WorkerImage } from '../contracts/worker-image.ts';
import type { DockerSettings, WorkerItem } from '../contracts/worker-item.ts';
import type { GpuCapacity } from '../contracts/gpu-capacity.ts';
import type { TaskDefinition } from './docker-task.ts';
import type { JobOutcome, SessionStore } from './session-store.ts';
import { startJob, workerOf, type StartJobDependencies } from './start-job.ts';
import { isTerminalJobState } from './states.ts';
import { ASK_AGAIN_SECONDS, takePlace, type TaskPlaces } from './task-places.ts';
import { capacityOf } from './task-size.ts';

/** After a task that could not be started: ECS has no capacity for minutes, not for seconds. */
const NOT_STARTED_SECONDS = 30;

export interface JobTasksDependencies extends StartJobDependencies {
  readonly sessions: Pick<
    SessionStore,
    'getJob' | 'noteQueued' | 'leaseJob' | 'requeueJob' | 'finishJob'
  >;
  /** The version of the worker that the job's session was planned with. */
  readonly versionOf: (
    job: Pick<JobItem, 'worker' | 'workerHash'>,
  ) => Promise<WorkerItem | undefined>;
  readonly objects: Pick<ObjectStore, 'getJson'>;
  readonly tasks: Pick<Tasks, 'runJob'>;
  readonly places: TaskPlaces;
  readonly gpuCapacity: GpuCapacity;
  /** Registers the definition if it is not there. */
  readonly ensureDefinition: (definition: TaskDefinition) => Promise<void>;
  readonly definitionOf: (
    worker: WorkerItem & { readonly docker: DockerSettings },
    image: string,
  ) => TaskDefinition;
  /** Of the worker's version; undefined where no images are made, and a version's name for its image counts. */
  readonly imageOf: (worker: WorkerItem) => Promise<WorkerImage | undefined>;
  /** For `fetch`, which hands them on to `report`; undefined where every container has the platform's own. */
  readonly credentialsOf: (job: JobItem) => Promise<TaskCredentials | undefined>;
  readonly queues: Pick<Queues, 'send'>;
  readonly advanceQueueUrl: string;
  readonly executions: Pick<Executions, 'start' | 'stop' | 'succeed'>;
  readonly clock: Clock;
}

/** FAILED, whatever attempt the job is at; then lets its session go on. */
const failJob = async (
  deps: JobTasksDependencies,
  job: JobItem,
  outcome: JobOutcome,
): Promise<boolean> => {
  const { sessions, clock, executions, queues, jobMachineArn, advanceQueueUrl } = deps;
  const { sessionId, nodeId, attempt, id, run } = job;
  if (!(await sessions.finishJob(sessionId, nodeId, attempt, outcome, clock()))) return false;
  await queues.send(advanceQueueUrl, { sessionId, jobId: id, run } satisfies Advance);
  await executions.stop(jobMachineArn, executionName(id, run), 'The job has ended without a task.');
  return true;
};

const failed = (type: string, message: string): JobOutcome => ({
  state: 'FAILED',
  reason: `${type}: ${message}`,
  error: { type, message, traceback: '' },
});

export type TaskStart = 'started' | 'not-started' | 'failed' | 'nothing-to-run';

/** As the original names what it builds itself. */
const imageNameOf = ({ docker, name, version }: WorkerItem): string =>
  docker?.image ?? `${name}:${version ?? 'latest'}`;

const waitForTask = async (
  { queues, sessions, dockerQueueUrl }: JobTasksDependencies,
  { sessionId, nodeId, run }: JobItem,
  work: Work,
  reason: string,
  seconds = NOT_STARTED_SECONDS,
): Promise<'not-started'> => {
  await queues.send(dockerQueueUrl, work, seconds);
  await sessions.noteQueued(sessionId, nodeId, run, reason);
  return 'not-started';
};

const runIsOver = async (
  { sessions }: Pick<JobTasksDependencies, 'sessions'>,
  execution: string,
): Promise<boolean> => {
  const run = parseExecutionName(execution);
  const ids = run === undefined ? undefined : parseJobId(run.id);
  const job = ids === undefined ? undefined : await sessions.getJob(ids.sessionId, ids.nodeId);
  return job === undefined || isTerminalJobState(job.state) || job.run !== run?.run;
};

/** Starts the task of a run of a job; `token` is what its end answers. Repeated, it starts no second one. */
export const startJobTask = async (deps: JobTasksDependencies, work: Work): Promise<TaskStart> => {
  const { sessions, executions, tasks } = deps;
  const ids = parseJobId(work.jobId);
  const job = ids === undefined ? undefined : await sessions.getJob(ids.sessionId, ids.nodeId);
  if (job === undefined || isTerminalJobState(job.state) || job.run !== work.run) {
    await executions.succeed(work.token, {});
    return 'nothing-to-run';
  }
  const worker = await deps.versionOf(job);
  if (worker?.docker === undefined) {
    const message = `the worker "${workerOf(job)}" is not installed any more as a docker worker`;
    await failJob(deps, job, failed('WorkerMissing', message));
    return 'failed';
  }
  const image = await deps.imageOf(worker);
  if (image?.state === 'FAILED') {
    const message = `the image of the worker "${worker.name}" could not be made: ${image.error ?? ''}`;
    await failJob(deps, job, failed('ImageNotMade', message));
    return 'failed';
  }
  if (image?.state === 'BUILDING') {
    const since = isoTime(image.at);
    const reason = `Waits for the image of the worker "${worker.name}", which is being made since ${since}.`;
    return waitForTask(deps, job, work, reason);
  }
  const capacity = capacityOf(worker, job.priority, deps.gpuCapacity);
  const seeker = {
    holder: executionName(job.id, job.run),
    spot: capacity === 'gpu-spot',
    isOver: (holder: string) => runIsOver(deps, holder),
  };
  if (!(await takePlace(deps.places, worker, seeker))) {
    const reason = `Waits for a place: the worker "${worker.name}" has ${worker.maxRunners} tasks at a time (maxRunners).`;
    return waitForTask(deps, job, work, reason, ASK_AGAIN_SECONDS[job.priority]);
  }
  const definition = deps.definitionOf(
    { ...worker, docker: worker.docker },
    image?.reference ?? imageNameOf(worker),
  );
  const { headers } = SessionObject.parse(
    await deps.objects.getJson(objectKeys.sessionObject(job.sessionId, job.objectId ?? '')),
  );
  const own = {
    [ENV.jobId]: job.id,
    [ENV.jobRun]: String(job.run),
    [ENV.taskToken]: work.token,
  };
  try {
    await deps.ensureDefinition(definition);
    const credentials = await deps.credentialsOf(job);
    await tasks.runJob({
      taskDefinition: definition.family,
      startedBy: seeker.holder,
      environment: {
        // To no other container: what is here, `report` finds in the volume that the image does not see.
        [TASK_CONTAINERS.fetch]: {
          ...own,
          ...(credentials === undefined ? {} : credentialVariables(credentials)),
        },
        [TASK_CONTAINERS.user]: serviceVariables(job, headers),
      },
      capacity,
    });
    return 'started';
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const reason = `Waits for its task: ${why}. This is tried again every half minute.`;
    return waitForTask(deps, job, work, reason);
  }
};

/** No fault of the job, and nothing that another try would meet again. */
const isTakenAway = ({ stopCode, stoppedReason = '' }: StoppedTask): boolean =>
  stopCode === 'SpotInterruption' ||
  stopCode === 'TerminationNotice' ||
  (stopCode === 'TaskFailedToStart' && /capacity|RESOURCE:|timeout/i.test(stoppedReason));

const reasonOf = (task: StoppedTask): string =>
  [task.stoppedReason, ...task.containers.map(({ name, reason }) => reason && `${name}: ${reason}`)]
    .filter((part) => part !== undefined && part !== '')
    .join('; ') || 'ECS gives no reason';

export type TaskEnd = 'settled' | 'failed' | 'again';

/** What becomes of a run of a job whose task has stopped. Repeated calls change nothing twice. */
export const jobTaskEnded = async (
  deps: JobTasksDependencies,
  { jobId, run }: { readonly jobId: string; readonly run: number },
  task: StoppedTask,
): Promise<TaskEnd> => {
  const { sessions, clock, executions, jobMachineArn } = deps;
  const ids = parseJobId(jobId);
  const job = ids === undefined ? undefined : await sessions.getJob(ids.sessionId, ids.nodeId);
  if (job === undefined || isTerminalJobState(job.state) || job.run !== run) return 'settled';
  const { sessionId, nodeId } = job;
  const user = task.containers.find(({ name }) => name === TASK_CONTAINERS.user);
  if (!isTakenAway(task)) {
    if (task.stopCode === 'TaskFailedToStart') {
      await failJob(deps, job, failed('TaskNotStarted', reasonOf(task)));
      return 'failed';
    }
    if (user?.reason?.includes('OutOfMemory') === true) {
      await failJob(deps, job, failed('OutOfMemory', reasonOf(task)));
      return 'failed';
    }
    // As with a runner that died: to lease what somebody has leased already counts as its loss.
    if (job.state === 'QUEUED') await sessions.leaseJob(sessionId, nodeId, run, 'lost', clock());
    const lost = await sessions.leaseJob(sessionId, nodeId, run, 'lost', clock());
    if (lost.outcome === 'lost-too-often') {
      const advance: Advance = { sessionId, jobId, run };
      await deps.queues.send(deps.advanceQueueUrl, advance);
      await executions.stop(jobMachineArn, executionName(jobId, run), reasonOf(task));
      return 'failed';
    }
    if (lost.outcome !== 'leased') return 'settled';
  }
  const queued = await sessions.requeueJob(sessionId, nodeId, run, clock());
  if (queued === undefined) return 'settled';
  await startJob(deps, queued);
  await sessions.noteQueued(
    ...([
      sessionId,
      nodeId,
      queued.run,
      `Its task ended before its job: ${reasonOf(task)}.`,
    ] as const),
  );
  await executions.stop(
    jobMachineArn,
    executionName(jobId, run),
    'Its task has ended; it runs again.',
  );
  return 'again';
};
