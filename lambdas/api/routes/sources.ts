/** Sources: who may call. */
import {
  Source,
  SourcePage,
  SourceSettings,
  toSource,
} from '../../../core/contracts/api-configuration.ts';
import { readSourceSettings } from '../../../core/configuration/source-settings.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

export const sourceRoutes = [
  route({
    method: 'GET',
    path: '/sources',
    operation: 'listSources',
    summary: 'All sources; none: anybody from the loopback address',
    query: Paging,
    response: SourcePage,
    handle: async ({ configuration }, { query }) => ({
      json: pageOfList((await configuration.sources.list()).map(toSource), query),
    }),
  }),
  route({
    method: 'GET',
    path: '/sources/{name}',
    operation: 'getSource',
    summary: 'One source',
    response: Source,
    handle: async ({ configuration }, { parameters }) => {
      const item = await configuration.sources.get(parameters.name);
      if (item === undefined) throw notFound('source', parameters.name);
      return { json: toSource(item) };
    },
  }),
  route({
    method: 'PUT',
    path: '/sources/{name}',
    operation: 'setSource',
    summary: 'Lets an AE title call; what is left out stays as it is',
    body: SourceSettings,
    response: Source,
    handle: async ({ configuration }, { parameters, body }) => {
      const name = parameters.name.trim();
      const before = await configuration.sources.get(name);
      const reading = readSourceSettings(name, body, before);
      if (!reading.ok) throw new ApiProblem('invalid-configuration', reading.problems);
      await configuration.sources.put(name, reading.item);
      return { json: toSource(reading.item) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/sources/{name}',
    operation: 'removeSource',
    summary: 'Removes a source',
    answers: 'empty',
    handle: async ({ configuration }, { parameters }) => {
      if (!(await configuration.sources.remove(parameters.name))) {
        throw notFound('source', parameters.name);
      }
      return { empty: true };
    },
  }),
];
