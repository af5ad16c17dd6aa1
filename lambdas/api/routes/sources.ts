/** Sources: who may call. */
import {
  Source,
  SourcePage,
  SourceSettings,
  toSource,
} from '../../../core/contracts/api-configuration.ts';
import type { SourceItem } from '../../../core/contracts/configuration.ts';
import { hostProblem } from '../../../core/configuration/source-hosts.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';
import { aeTitleName } from './ae-titles.ts';

/** Without the fields that say nothing. */
const defined = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

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
      const name = aeTitleName(parameters.name);
      const problems = (body.hosts ?? []).flatMap((host) => {
        const message = hostProblem(host);
        return message === undefined ? [] : [{ path: 'hosts', message }];
      });
      if (problems.length > 0) throw new ApiProblem('invalid-configuration', problems);
      const before = await configuration.sources.get(name);
      const merged = { hosts: [], ...before, ...defined(body), aeTitle: name };
      // What was null is gone now.
      const item: SourceItem = {
        aeTitle: name,
        hosts: merged.hosts,
        ...defined({
          port: merged.port ?? undefined,
          tls: merged.tls,
          maxAssociations: merged.maxAssociations ?? undefined,
          certificateFingerprints: merged.certificateFingerprints,
          userIdentity: merged.userIdentity ?? undefined,
        }),
      };
      await configuration.sources.put(name, item);
      return { json: toSource(item) };
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
