/** Unrouted: received and kept, but in no group, with the reason. */
import { z } from 'zod';
import { Routed, RouteRequest, Unrouted, UnroutedPage } from '../../../core/contracts/api.ts';
import { parseUnroutedId, toUnrouted, unroutedId } from '../../../core/contracts/api-conversion.ts';
import { UnroutedItem } from '../../../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../../../core/contracts/keys.ts';
import { giveUnroutedAway, routeUnrouted } from '../../../core/processors/unrouted.ts';
import type { ApiContext } from '../context.ts';
import { pageOfStates, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

const getUnrouted = async ({ table }: ApiContext, id: string): Promise<UnroutedItem> => {
  const key = parseUnroutedId(id);
  const item =
    key &&
    (await table.get(
      tableKeys.unrouted(key.aeTitle, key.sopInstanceUid, key.sha256),
      UnroutedItem,
    ));
  if (item === undefined || item.doomedAt !== undefined) throw notFound('unrouted instance', id);
  return item;
};

export const unroutedRoutes = [
  route({
    method: 'GET',
    path: '/unrouted',
    operation: 'listUnrouted',
    summary: 'Instances that belong to no group, the latest first',
    query: Paging.extend({ aeTitle: z.string().optional() }),
    response: UnroutedPage,
    handle: async ({ table }, { query: { aeTitle, ...paging } }) => {
      const page = await pageOfStates(
        table,
        {
          partitions: [stateIndexKeys.unrouted],
          schema: UnroutedItem,
          idOf: unroutedId,
          keep: (item) => aeTitle === undefined || item.aeTitle === aeTitle,
        },
        paging,
      );
      return { json: { ...page, items: page.items.map(toUnrouted) } };
    },
  }),
  route({
    method: 'GET',
    path: '/unrouted/{id}',
    operation: 'getUnrouted',
    summary: 'One instance that belongs to no group',
    response: Unrouted,
    handle: async (context, { parameters }) => ({
      json: toUnrouted(await getUnrouted(context, parameters.id)),
    }),
  }),
  route({
    method: 'POST',
    path: '/unrouted/{id}/route',
    operation: 'routeUnrouted',
    summary: 'Files it under an AE title, by the rules of what arrives there',
    body: RouteRequest,
    response: Routed,
    handle: async (context, { parameters, body: { to } }) => {
      const item = await getUnrouted(context, parameters.id);
      const settings = await context.configuration.aeTitles.get(to.trim());
      if (settings === undefined) throw notFound('AE title', to);
      const routing = await routeUnrouted(context, item, settings);
      if (routing.outcome === 'refused') {
        throw new ApiProblem('not-routable', [{ path: 'to', message: routing.reason }]);
      }
      const groupId = routing.outcome === 'collected' ? null : (routing.groupId ?? null);
      return { json: { aeTitle: settings.aeTitle, groupId } satisfies Routed };
    },
  }),
  route({
    method: 'DELETE',
    path: '/unrouted/{id}',
    operation: 'deleteUnrouted',
    summary: 'Hands it over to the storage space reclaimer, which deletes it with its object',
    answers: 'empty',
    handle: async (context, { parameters }) => {
      const item = await getUnrouted(context, parameters.id);
      await giveUnroutedAway(context, item, { reason: 'person', by: 'unrouted delete' });
      return { empty: true };
    },
  }),
];
