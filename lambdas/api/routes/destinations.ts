/**
 * Destinations: where service code may send. The API does not call them: it runs where a site's network cannot
 * be reached in general. Whoever can asks with a C-ECHO: `gantry destination test`.
 */
import {
  Destination,
  DestinationPage,
  DestinationSettings,
  toDestination,
} from '../../../core/contracts/api-configuration.ts';
import { readDestinationSettings } from '../../../core/configuration/destination-settings.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

export const destinationRoutes = [
  route({
    method: 'GET',
    path: '/destinations',
    operation: 'listDestinations',
    summary: 'All destinations',
    query: Paging,
    response: DestinationPage,
    handle: async ({ configuration }, { query }) => ({
      json: pageOfList((await configuration.destinations.list()).map(toDestination), query),
    }),
  }),
  route({
    method: 'GET',
    path: '/destinations/{name}',
    operation: 'getDestination',
    summary: 'One destination',
    response: Destination,
    handle: async ({ configuration }, { parameters }) => {
      const item = await configuration.destinations.get(parameters.name);
      if (item === undefined) throw notFound('destination', parameters.name);
      return { json: toDestination(item) };
    },
  }),
  route({
    method: 'PUT',
    path: '/destinations/{name}',
    operation: 'setDestination',
    summary: 'Makes or changes a destination; what is left out stays as it is',
    body: DestinationSettings,
    response: Destination,
    handle: async ({ configuration }, { parameters: { name }, body }) => {
      const before = await configuration.destinations.get(name);
      const reading = readDestinationSettings(name, body, before);
      if (!reading.ok) throw new ApiProblem('invalid-configuration', reading.problems);
      await configuration.destinations.put(name, reading.item);
      return { json: toDestination(reading.item) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/destinations/{name}',
    operation: 'removeDestination',
    summary: 'Removes a destination; service code does not find it any more',
    answers: 'empty',
    handle: async ({ configuration }, { parameters: { name } }) => {
      if (!(await configuration.destinations.remove(name))) throw notFound('destination', name);
      return { empty: true };
    },
  }),
];
