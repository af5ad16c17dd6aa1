/** Groups: what belongs together, while it is collected and after it was released. */
import { z } from 'zod';
import { Group, GroupPage, InstancePage } from '../../../core/contracts/api.ts';
import { manifestInstances, toGroup, toInstance } from '../../../core/contracts/api-conversion.ts';
import { GroupItem, GroupManifest, InstanceItem } from '../../../core/contracts/items.ts';
import {
  objectKeys,
  parseGroupId,
  stateIndexKeys,
  tableKeys,
} from '../../../core/contracts/keys.ts';
import { GROUP_STATES, GroupState } from '../../../core/contracts/vocabulary.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, pageOfStates, Paging } from '../paging.ts';
import { notFound } from '../problems.ts';
import { route } from '../router.ts';

const getGroup = async ({ table }: ApiContext, id: string): Promise<GroupItem> => {
  const parsed = parseGroupId(id);
  const item =
    parsed && (await table.get(tableKeys.group(parsed.keyId, parsed.generation), GroupItem));
  if (item === undefined) throw notFound('group', id);
  return item;
};

const manifestOf = async ({ objects }: ApiContext, id: string) => {
  const key = objectKeys.groupManifest(id);
  return (await objects.size(key)) === undefined
    ? undefined
    : GroupManifest.parse(await objects.getJson(key));
};

const nameOf = (instance: { sopInstanceUid: string; sha256: string }): string =>
  `${instance.sopInstanceUid} ${instance.sha256}`;

/** Of a sealed group its manifest; before, the instances of the key that no earlier manifest holds. */
const instancesOf = async (context: ApiContext, group: GroupItem) => {
  const manifest = await manifestOf(context, group.id);
  if (manifest !== undefined) return manifestInstances(manifest);
  const { pk } = tableKeys.group(group.keyId, group.generation);
  const [items, generations] = await Promise.all([
    context.table.queryAll(pk, tableKeys.instancePrefix, InstanceItem),
    context.table.queryAll(pk, tableKeys.groupPrefix, GroupItem),
  ]);
  const earlier = await Promise.all(
    generations
      .filter(({ generation }) => generation < group.generation)
      .map(({ id }) => manifestOf(context, id)),
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
