/** Groups: what belongs together, while it is collected and after it was released. */
import { z } from 'zod';
import { Group, GroupPage, InstancePage } from '../../../core/contracts/api.ts';
import { manifestInstances, toGroup, toInstance } from '../../../core/contracts/api-conversion.ts';
import { GroupItem } from '../../../core/contracts/items.ts';
import { parseGroupId, stateIndexKeys } from '../../../core/contracts/keys.ts';
import { GROUP_STATES, GroupState } from '../../../core/contracts/vocabulary.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, pageOfStates, Paging } from '../paging.ts';
import { notFound } from '../problems.ts';
import { route } from '../router.ts';

const getGroup = async ({ groups }: ApiContext, id: string): Promise<GroupItem> => {
  const parsed = parseGroupId(id);
  const item = parsed && (await groups.get(parsed.keyId, parsed.generation));
  if (item === undefined) throw notFound('group', id);
  return item;
};

const nameOf = (instance: { sopInstanceUid: string; sha256: string }): string =>
  `${instance.sopInstanceUid} ${instance.sha256}`;

/** Of a sealed group its manifest; before, the instances of the key that no earlier manifest holds. */
const instancesOf = async ({ groups }: ApiContext, group: GroupItem) => {
  const manifest = await groups.manifest(group.id);
  if (manifest !== undefined) return manifestInstances(manifest);
  const [items, generations] = await Promise.all([
    groups.instances(group.keyId),
    groups.generations(group.keyId),
  ]);
  const earlier = await Promise.all(
    generations
      .filter(({ generation }) => generation < group.generation)
      .map(({ id }) => groups.manifest(id)),
  );
  const taken = new Set(
    earlier
      .flatMap((sealed) => (sealed === undefined ? [] : manifestInstances(sealed)))
      .map(nameOf),
  );
  return items
    .filter((item) => !taken.has(nameOf(item)))
    .sort((a, b) => a.receivedAt - b.receivedAt)
    .map(toInstance);
};

export const groupRoutes = [
  route({
    method: 'GET',
    path: '/groups',
    operation: 'listGroups',
    summary: 'Groups, of an AE title or in a state if asked so',
    query: Paging.extend({ aeTitle: z.string().optional(), state: GroupState.optional() }),
    response: GroupPage,
    handle: async ({ table }, { query: { aeTitle, state, ...paging } }) => {
      const page = await pageOfStates(
        table,
        {
          partitions: (state === undefined ? GROUP_STATES : [state]).map(stateIndexKeys.group),
          schema: GroupItem,
          idOf: ({ id }) => id,
          keep: (item) => aeTitle === undefined || item.aeTitle === aeTitle,
        },
        paging,
      );
      return { json: { ...page, items: page.items.map(toGroup) } };
    },
  }),
  route({
    method: 'GET',
    path: '/groups/{id}',
    operation: 'getGroup',
    summary: 'One group',
    response: Group,
    handle: async (context, { parameters }) => ({
      json: toGroup(await getGroup(context, parameters.id)),
    }),
  }),
  route({
    method: 'GET',
    path: '/groups/{id}/instances',
    operation: 'listGroupInstances',
    summary: 'The instances of a group, in the order of arrival',
    query: Paging,
    response: InstancePage,
    handle: async (context, { parameters, query }) => ({
      json: pageOfList(await instancesOf(context, await getGroup(context, parameters.id)), query),
    }),
  }),
];
