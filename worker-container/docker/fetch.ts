/**
 * The first container of a docker job's task: leases the job, fills the volumes of the user's container and runs
 * the pre scripts. A fault of the service is told as the job's outcome here and now, and the user's container does
 * not start; a fault of the platform ends the program, and whoever hears of the task's end has the job run again.
 */
import { join } from 'node:path';
import { ZodError } from 'zod';
import { mountsOf } from '../../core/contracts/docker-task.ts';
import type { JobItem } from '../../core/contracts/items.ts';
import type { TaskCredentials } from '../../core/contracts/task-credentials.ts';
import type { DockerSettings } from '../../core/contracts/worker-item.ts';
import { failure, type AttemptOutcome } from '../execution/outcome.ts';
import { jobDocument, serviceJob, type ServiceJob } from '../execution/job-document.ts';
import { ModuleUnusable } from '../staging/service-modules.ts';
import { runScripts } from './scripts.ts';
import { openTaskLog, tellOutcome, type TaskDependencies, type TaskJob } from './task.ts';
import { writeTaskState } from './task-state.ts';
import { fillData, fillModule, openToAll, openVolumes, WorkerFilesUnusable } from './volumes.ts';

const isPermanent = (error: unknown): error is Error =>
  error instanceof ModuleUnusable ||
  error instanceof WorkerFilesUnusable ||
  error instanceof ZodError ||
  (error instanceof Error && error.name === 'NoSuchKey');

const fill = async (
  deps: TaskDependencies,
  work: ServiceJob,
  settings: DockerSettings,
): Promise<void> => {
  const { folders, tools } = deps;
  const [module, object] = await Promise.all([
    tools.modules.folderOf(work.service, work.serviceHash),
    tools.sessionObjects(work.job.sessionId, work.objectId),
  ]);
  const job = jobDocument(
    { ...work, extraArguments: { session_dir: mountsOf(settings).session } },
    object,
    'docker',
  );
  await fillModule(folders.module, { job, module, python: deps.python });
  const data =
    settings.dataDir === undefined ? undefined : join(deps.workerFolder, settings.dataDir);
  await fillData(folders.data, data, deps.python);
};

/** True when the user's container is to start. */
export const fetchJob = async (
  deps: TaskDependencies,
  { sessionId, nodeId, run, token }: TaskJob,
  settings: DockerSettings,
  credentials: TaskCredentials | undefined,
): Promise<boolean> => {
  const { store, folders, clock, logger, signals } = deps;
  const lease = await store.leaseJob(sessionId, nodeId, run, deps.taskId, clock());
  if (lease.outcome !== 'leased') {
    logger.info('nothing to run', { outcome: lease.outcome });
    await deps.executions.succeed(token, {});
    return false;
  }
  const job: JobItem = lease.job;
  const work = serviceJob(job);
  const session = await store.getSession(sessionId);
  if (work === undefined || session === undefined) throw new Error('the job is no service’s');
  await openVolumes(folders);
  const log = openTaskLog(deps, job, '');
  let outcome: AttemptOutcome | undefined;
  try {
    await fill(deps, work, settings);
    ({ outcome } = await runScripts(
      {
        ...{ work, log, signals, workerFolder: deps.workerFolder },
        tools: deps.tools,
        groupId: session.groupId,
        sessionFolder: folders.session,
        // The next script and the container have other user ids; what this one made is its own alone.
        afterEach: () => openToAll(folders.session),
        folder: folders.private,
      },
      settings.preScripts,
    ));
  } catch (error) {
    if (!isPermanent(error)) throw error;
    log.note(`the container was not started: ${error.message}`);
    outcome = failure({ type: error.name, message: error.message, traceback: '' });
  } finally {
    await log.close();
  }
  // Told to stop: the job is another attempt's, or will be.
  if (outcome === undefined) return false;
  if (outcome.state !== 'SUCCEEDED') {
    await tellOutcome(deps, job, outcome, token);
    return false;
  }
  await writeTaskState(folders.private, {
    ...{ job, token, credentials },
    ...{ groupId: session.groupId, log: log.text() },
  });
  return true;
};
