/** Pipelines: named sets of services that a released group is offered to. */
import {
  Pipeline,
  PipelinePage,
  PipelineSettings,
  toPipeline,
} from '../../../core/contracts/api-configuration.ts';
import type { PipelineItem } from '../../../core/contracts/configuration.ts';
import { DEFAULT_PIPELINE } from '../../../core/contracts/names.ts';
import { readPipelineSettings } from '../../../core/configuration/pipeline-settings.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

/** `default` is there without having been made: all installed services. */
const IMPLICIT: PipelineItem = { id: DEFAULT_PIPELINE, name: DEFAULT_PIPELINE, services: [] };

const listPipelines = async ({ configuration }: ApiContext): Promise<PipelineItem[]> => {
  const items = await configuration.pipelines.list();
  return items.some(({ id }) => id === DEFAULT_PIPELINE) ? items : [IMPLICIT, ...items];
};

export const pipelineRoutes = [
  route({
    method: 'GET',
    path: '/pipelines',
    operation: 'listPipelines',
    summary: 'All pipelines',
    query: Paging,
    response: PipelinePage,
    handle: async (context, { query }) => ({
      json: pageOfList(
        (await listPipelines(context)).map((item) => toPipeline(item)),
        query,
      ),
    }),
  }),
  route({
    method: 'GET',
    path: '/pipelines/{id}',
    operation: 'getPipeline',
    summary: 'One pipeline',
    response: Pipeline,
    handle: async (context, { parameters }) => {
      const item = (await listPipelines(context)).find(({ id }) => id === parameters.id);
      if (item === undefined) throw notFound('pipeline', parameters.id);
      return { json: toPipeline(item) };
    },
  }),
  route({
    method: 'PUT',
    path: '/pipelines/{id}',
    operation: 'setPipeline',
    summary: 'Makes or changes a pipeline; what is left out stays as it is',
    body: PipelineSettings,
    response: Pipeline,
    handle: async ({ configuration }, { parameters: { id }, body }) => {
      const [before, services] = await Promise.all([
        configuration.pipelines.get(id),
        configuration.services.list(),
      ]);
      const reading = readPipelineSettings(id, body, before);
      if (!reading.ok) throw new ApiProblem('invalid-configuration', reading.problems);
      const { item } = reading;
      await configuration.pipelines.put(id, item);
      const notes = item.services
        .filter((service) => !services.some(({ name }) => name === service))
        .map((service) => `the service "${service}" is not installed yet`);
      return { json: toPipeline(item, notes) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/pipelines/{id}',
    operation: 'removePipeline',
    summary: 'Removes a pipeline that no AE title names',
    answers: 'empty',
    handle: async ({ configuration }, { parameters: { id } }) => {
      const users = (await configuration.aeTitles.list()).filter(({ pipelines }) =>
        Object.values(pipelines).includes(id),
      );
      if (users.length > 0 && id !== DEFAULT_PIPELINE) {
        throw new ApiProblem(
          'in-use',
          users.map(({ aeTitle }) => ({
            message: `the AE title ${aeTitle} names the pipeline "${id}"`,
            remedy: `take it away first: gantry ae-title set ${aeTitle} --pipeline NAME=`,
          })),
        );
      }
      if (!(await configuration.pipelines.remove(id))) throw notFound('pipeline', id);
      return { empty: true };
    },
  }),
];
