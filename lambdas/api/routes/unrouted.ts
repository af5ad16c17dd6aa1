/** Unrouted: received and kept, but in no group, with the reason. */
import { z } from 'zod';
import { Unrouted, UnroutedPage } from '../../../core/contracts/api.ts';
import { parseUnroutedId, toUnrouted, unroutedId } from '../../../core/contracts/api-conversion.ts';
import { UnroutedItem } from '../../../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../../../core/contracts/keys.ts';
import { pageOfStates, Paging } from '../paging.ts';
import { notFound } from '../problems.ts';
import { route } from '../router.ts';

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
    handle: async ({ table }, { parameters }) => {
      const key = parseUnroutedId(parameters.id);
      const item =
        key &&
        (await table.get(
          tableKeys.unrouted(key.aeTitle, key.sopInstanceUid, key.sha256),
          UnroutedItem,
        ));
      if (item === undefined) throw notFound('unrouted instance', parameters.id);
      return { json: toUnrouted(item) };
    },
  }),
];
