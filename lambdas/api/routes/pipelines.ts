/** Pipelines: named sets of services that a released group is offered to. */
import {
  Pipeline,
  PipelinePage,
  PipelineSettings,
  toPipeline,
} from '../../../core/contracts/api-configuration.ts';
import type { PipelineItem } from '../../../core/contracts/configuration.ts';
import { DEFAULT_PIPELINE } from '../../../core/contracts/names.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';
import { checkRule } from '../rules.ts';

const MAX_ID_LENGTH = 100;

/** `default` is there without having been made: all installed services. */
const IMPLICIT: PipelineItem = { id: DEFAULT_PIPELINE, name: DEFAULT_PIPELINE, services: [] };

const listPipelines = async ({ configuration }: ApiContext): Promise<PipelineItem[]> => {
  const items = await configuration.pipelines.list();
  return items.some(({ id }) => id === DEFAULT_PIPELINE) ? items : [IMPLICIT, ...items];
};

const checkId = (id: string): void => {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id) && id.length <= MAX_ID_LENGTH) return;
  throw new ApiProblem('invalid-configuration', [
    {
      path: 'id',
      message: `"${id}" must have letters, digits, ".", "_" and "-" only, at most ${MAX_ID_LENGTH}`,
    },
  ]);
};

const ruleField = (rule: string | null | undefined): Pick<PipelineItem, 'rule'> =>
  rule === undefined || rule === null ? {} : { rule };

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
      checkId(id);
      checkRule(body.rule);
      const [before, services] = await Promise.all([
        configuration.pipelines.get(id),
        configuration.services.list(),
      ]);
      const item: PipelineItem = {
        id,
        name: body.name ?? before?.name ?? id,
        services: [...new Set(body.services ?? before?.services ?? [])],
        ...ruleField(body.rule === undefined ? before?.rule : body.rule),
      };
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
