/** Deliveries: what is owed to a site's job processors, and what they failed with. */
import { z } from 'zod';
import { Delivery, DeliveryPage, toDelivery } from '../../../core/contracts/api-deliveries.ts';
import { DELIVERY_STATES, DeliveryItem } from '../../../core/contracts/deliveries.ts';
import { stateIndexKeys } from '../../../core/contracts/keys.ts';
import { retryParked } from '../../../core/processors/extension/deliver.ts';
import { pageOfStates, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

const PARTITIONS = {
  PENDING: stateIndexKeys.pendingDeliveries,
  PARKED: [stateIndexKeys.parkedDelivery],
} as const;

export const deliveryRoutes = [
  route({
    method: 'GET',
    path: '/deliveries',
    operation: 'listDeliveries',
    summary: "What a site's processors have not done with yet; in a state if asked so",
    query: Paging.extend({
      aeTitle: z.string().optional(),
      state: z.enum(DELIVERY_STATES).optional(),
    }),
    response: DeliveryPage,
    handle: async ({ table }, { query: { aeTitle, state, ...paging } }) => {
      const page = await pageOfStates(
        table,
        {
          partitions: (state === undefined ? DELIVERY_STATES : [state]).flatMap((name) => [
            ...PARTITIONS[name],
          ]),
          schema: DeliveryItem,
          idOf: ({ id }) => id,
          keep: (item) => aeTitle === undefined || item.aeTitle === aeTitle,
        },
        paging,
      );
      return { json: { ...page, items: page.items.map(toDelivery) } };
    },
  }),
  route({
    method: 'POST',
    path: '/deliveries/{id}/retry',
    operation: 'retryDelivery',
    summary: 'Tries a parked delivery again, as if for the first time',
    response: Delivery,
    handle: async (context, { parameters: { id } }) => {
      const { deliveries, queues, processorsQueueUrl, clock } = context;
      const before = await deliveries.get(id);
      if (before === undefined) throw notFound('delivery', id);
      const retried = await retryParked(
        {
          deliveries,
          send: (message, delaySeconds) => queues.send(processorsQueueUrl, message, delaySeconds),
          clock,
        },
        id,
      );
      if (!retried) throw new ApiProblem('in-use', [{ message: 'it is not parked' }]);
      return { json: toDelivery({ ...before, state: 'PENDING', attempts: 0, dueAt: clock() }) };
    },
  }),
];
