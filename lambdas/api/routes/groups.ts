/** Groups: what belongs together, while it is collected and after it was released. */
import { z } from 'zod';
import {
  Group,
  GroupDetail,
  GroupPage,
  InstancePage,
  RuleRequest,
  RuleTrial,
} from '../../../core/contracts/api.ts';
import {
  manifestInstances,
  toGroup,
  toInstance,
  toRuleTrial,
} from '../../../core/contracts/api-conversion.ts';
import { groupTimeline } from '../../../core/contracts/group-timeline.ts';
import { GroupItem, type GroupManifest } from '../../../core/contracts/items.ts';
import { stateIndexKeys } from '../../../core/contracts/keys.ts';
import { GROUP_STATES, GroupState } from '../../../core/contracts/vocabulary.ts';
import { storedAttributes } from '../../../core/dicom/stored-header.ts';
import { inParallel } from '../../../core/running/concurrency.ts';
import { releaseByHand } from '../../../core/processors/manual-release.ts';
import { buildManifest } from '../../../core/processors/manifest.ts';
import { askGroupRule } from '../../../core/rules/group-rule.ts';
import { checkRule } from '../rules.ts';
import type { ApiContext } from '../context.ts';
import { getGroup, membersOf } from '../group-members.ts';
import { pageOfList, pageOfStates, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

const instancesOf = async (context: ApiContext, group: GroupItem) => {
  const { manifest, items = [] } = await membersOf(context, group);
  return manifest === undefined ? items.map(toInstance) : manifestInstances(manifest);
};

/** Held groups of a page whose instances are counted at a time. */
const COUNTED_AT_A_TIME = 8;

/**
 * As lists show them. What listeners have told of an open group's number comes after its images, of a held one perhaps
 * never; a person decides by it, so held ones are counted.
 */
const listed = (context: ApiContext, groups: readonly GroupItem[]): Promise<Group[]> =>
  inParallel(groups, COUNTED_AT_A_TIME, async (group) => {
    if (group.held !== true) return toGroup(group);
    const { length } = await instancesOf(context, group);
    return { ...toGroup(group), instanceCount: length };
  });

const detailOf = async (context: ApiContext, group: GroupItem): Promise<GroupDetail> => {
  const { manifest, items = [] } = await membersOf(context, group);
  const instances = manifest?.series.flatMap((series) => series.instances) ?? items;
  const timeline = groupTimeline({ group, instances, sealedAt: manifest?.sealedAt });
  // Listeners of an open group tell their number now and then: shown alone it is counted.
  return { ...toGroup(group), instanceCount: instances.length, timeline };
};

/** As its manifest has it; of a group that has none yet, as it would be sealed now. */
const presentManifest = async (context: ApiContext, group: GroupItem): Promise<GroupManifest> => {
  const { manifest, items = [], repetition } = await membersOf(context, group);
  return manifest ?? buildManifest(group, items, context.clock(), repetition);
};

export const groupRoutes = [
  route({
    method: 'GET',
    path: '/groups',
    operation: 'listGroups',
    summary: 'Groups, of an AE title, in a state or held if asked so',
    query: Paging.extend({
      aeTitle: z.string().optional(),
      state: GroupState.optional(),
      held: z.stringbool().optional(),
    }),
    response: GroupPage,
    handle: async (context, { query: { aeTitle, state, held, ...paging } }) => {
      const page = await pageOfStates(
        context.table,
        {
          partitions: (state === undefined ? GROUP_STATES : [state]).flatMap((one) =>
            one === 'RELEASED'
              ? [stateIndexKeys.group(one), stateIndexKeys.reclaimedGroup]
              : [stateIndexKeys.group(one)],
          ),
          schema: GroupItem,
          idOf: ({ id }) => id,
          keep: (item) =>
            (aeTitle === undefined || item.aeTitle === aeTitle) &&
            (held === undefined || (item.held ?? false) === held),
        },
        paging,
      );
      return { json: { ...page, items: await listed(context, page.items) } };
    },
  }),
  route({
    method: 'GET',
    path: '/groups/{id}',
    operation: 'getGroup',
    summary: 'One group, with its timeline',
    response: GroupDetail,
    handle: async (context, { parameters }) => ({
      json: await detailOf(context, await getGroup(context, parameters.id)),
    }),
  }),
  route({
    method: 'POST',
    path: '/groups/{id}/release',
    operation: 'releaseGroup',
    summary: 'Complete now: releases a group that is collecting or held; its sessions start soon',
    response: Group,
    handle: async (context, { parameters: { id } }) => {
      const release = await releaseByHand(
        {
          ...context,
          sendCheck: (check, delaySeconds) =>
            context.queues.send(context.stabilityChecksQueueUrl, check, delaySeconds),
        },
        id,
      );
      if (release.outcome === 'not-found') throw notFound('group', id);
      if (release.outcome === 'too-busy') {
        throw new ApiProblem('in-use', [
          { message: 'instances arrive faster than it can be closed', remedy: 'try again' },
        ]);
      }
      return { json: toGroup(release.group) };
    },
  }),
  route({
    method: 'POST',
    path: '/groups/{id}/rule',
    operation: 'tryRule',
    summary: 'Tries a rule on a group: what it says, and every value that it reads',
    body: RuleRequest,
    response: RuleTrial,
    handle: async (context, { parameters, body }) => {
      checkRule(body.rule);
      const manifest = await presentManifest(context, await getGroup(context, parameters.id));
      const outcome = await askGroupRule(body.rule, manifest, (files, keywords) =>
        storedAttributes(context.objects, files, keywords),
      );
      return { json: toRuleTrial(outcome) };
    },
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
