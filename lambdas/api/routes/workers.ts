/** Workers: the environments that jobs run in. */
import { toWorker, Worker, WorkerPage } from '../../../core/contracts/api-packages.ts';
import { pageOfList, Paging } from '../paging.ts';
import { notFound } from '../problems.ts';
import { route } from '../router.ts';

export const workerRoutes = [
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
    summary: 'One worker',
    response: Worker,
    handle: async ({ configuration }, { parameters }) => {
      const item = await configuration.workers.get(parameters.name);
      if (item === undefined) throw notFound('worker', parameters.name);
      return { json: toWorker(item) };
    },
  }),
];
