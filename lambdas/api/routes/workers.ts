/** Workers: the environments that jobs run in. */
import {
  InstallRequest,
  toWorker,
  toWorkerDetail,
  WorkerDetail,
  WorkerInstallation,
  WorkerPage,
} from '../../../core/contracts/api-packages.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { DEFAULT_WORKER } from '../../../core/contracts/names.ts';
import { WorkerEnvironment, type WorkerItem } from '../../../core/contracts/worker-item.ts';
import { parseRequirement } from '../../../core/packages/requirements.ts';
import { withoutUndefined } from '../../../core/packages/without-undefined.ts';
import { backlogOf } from '../../../core/running/ensure-runners.ts';
import { workerOf } from '../../../core/running/start-job.ts';
import { isTerminalJobState } from '../../../core/running/states.ts';
import type { ApiContext } from '../context.ts';
import { installWorker } from '../install-worker.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

/** Running sessions that are looked through for jobs of a worker. */
const MAX_SESSIONS = 200;

const getWorker = async ({ configuration }: ApiContext, name: string): Promise<WorkerItem> => {
  const item = await configuration.workers.get(name);
  if (item === undefined) throw notFound('worker', name);
  return item;
};

/** Services that require the worker, or have a job that names it. */
const servicesWith = async ({ configuration }: ApiContext, worker: string): Promise<string[]> =>
  (await configuration.services.list())
    .filter(
      ({ jobs, requiredWorkers = [] }) =>
        jobs.some((job) => job.worker === worker) ||
        requiredWorkers.some((text) => parseRequirement(text)?.name === worker),
    )
    .map(({ name }) => name);

const runningSessionsWith = async ({ sessions }: ApiContext, worker: string): Promise<string[]> => {
  const running = await sessions.listSessions('RUNNING', MAX_SESSIONS);
  const using: string[] = [];
  for (const { id } of running) {
    const jobs = await sessions.getJobs(id);
    if (jobs.some((job) => workerOf(job) === worker && !isTerminalJobState(job.state))) {
      using.push(id);
    }
  }
  return using;
};

const checkRemovable = async (context: ApiContext, name: string): Promise<void> => {
  if (name === DEFAULT_WORKER) {
    throw new ApiProblem('in-use', [
      { message: 'the default worker runs every job that names no other; it cannot be removed' },
    ]);
  }
  const [services, sessions] = await Promise.all([
    servicesWith(context, name),
    runningSessionsWith(context, name),
  ]);
  const problems = [
    ...services.map((service) => ({
      message: `the service ${service} needs the worker ${name}`,
      remedy: `remove the service first: gantry service remove ${service}`,
    })),
    ...sessions.map((session) => ({
      message: `the session ${session} has jobs for the worker ${name}`,
      remedy: `wait for it, or end it: gantry session cancel ${session}`,
    })),
  ];
  if (problems.length > 0) throw new ApiProblem('in-use', problems);
};

/** Of a docker worker its image, where images are made. */
const environmentOf = async (
  { table, workerImages }: ApiContext,
  { name, hash, type }: WorkerItem,
): Promise<WorkerEnvironment | undefined> => {
  if (hash === undefined) return undefined;
  const image = type === 'docker' ? await workerImages.get(name, hash) : undefined;
  if (image === undefined) {
    return table.get(tableKeys.workerEnvironment(name, hash), WorkerEnvironment);
  }
  const { state, at, reference, error } = image;
  return withoutUndefined({ state, at, note: reference, error });
};

export const workerRoutes = [
  route({
    method: 'POST',
    path: '/workers',
    operation: 'installWorker',
    summary:
      'Installs the worker of an uploaded package; force replaces a version that is installed',
    body: InstallRequest,
    response: WorkerInstallation,
    handle: async (context, { body: { uploadId, force } }) => ({
      json: await installWorker(context, uploadId, force === true),
    }),
  }),
  route({
    method: 'GET',
    path: '/workers',
    operation: 'listWorkers',
    summary: 'All installed workers',
    query: Paging,
    response: WorkerPage,
    handle: async ({ configuration }, { query }) => ({
      json: pageOfList((await configuration.workers.list()).map(toWorker), query),
    }),
  }),
  route({
    method: 'GET',
    path: '/workers/{name}',
    operation: 'getWorker',
    summary: 'One worker: what it is, whether its environment could be made, who runs',
    response: WorkerDetail,
    handle: async (context, { parameters }) => {
      const item = await getWorker(context, parameters.name);
      const [environment, leases, backlog, services] = await Promise.all([
        environmentOf(context, item),
        context.runners.liveLeases(item.name, context.clock()),
        backlogOf(context, item.name),
        servicesWith(context, item.name),
      ]);
      return {
        json: toWorkerDetail(item, environment, {
          leases,
          waiting: backlog.waiting,
          running: backlog.inFlight,
          services,
        }),
      };
    },
  }),
  route({
    method: 'DELETE',
    path: '/workers/{name}',
    operation: 'removeWorker',
    summary: 'Removes a worker that no service and no running session needs, and its queues',
    answers: 'empty',
    handle: async (context, { parameters: { name } }) => {
      await getWorker(context, name);
      await checkRemovable(context, name);
      if (!(await context.configuration.workers.remove(name))) throw notFound('worker', name);
      // Its runners end when their leases are gone.
      await context.runners.removeAllLeases(name);
      await context.workQueues.remove(name);
      return { empty: true };
    },
  }),
];
