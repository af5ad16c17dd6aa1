/** Legal holds: while a group has one, the storage space reclaimer takes nothing of it. */
import { randomUUID } from 'node:crypto';
import { Group, HoldRequest } from '../../../core/contracts/api.ts';
import { toGroup } from '../../../core/contracts/api-conversion.ts';
import type { GroupItem } from '../../../core/contracts/items.ts';
import type { LegalHold } from '../../../core/contracts/reclaim-items.ts';
import type { ApiContext } from '../context.ts';
import { getGroup } from '../group-members.ts';
import { ApiProblem } from '../problems.ts';
import { route } from '../router.ts';

/** Recorded with its reason; a reclaimer that is at work on the key looks again. */
const changeHold = async (
  context: ApiContext,
  group: GroupItem,
  hold: LegalHold | undefined,
): Promise<{ json: Group }> => {
  const { id, aeTitle } = group;
  await context.reclaims.setLegalHold(group, hold);
  await context.groups.recordDecision({
    id: randomUUID(),
    at: context.clock(),
    code: hold === undefined ? 'legal-hold-ended' : 'legal-hold',
    message:
      hold === undefined
        ? 'The legal hold of the group was taken away.'
        : `Nothing of the group is deleted: ${hold.reason}`,
    ...{ aeTitle, groupId: id },
  });
  return { json: toGroup(await getGroup(context, id)) };
};

export const groupHoldRoutes = [
  route({
    method: 'POST',
    path: '/groups/{id}/hold',
    operation: 'holdGroup',
    summary: 'Legal hold: from now on nothing of the group is deleted',
    body: HoldRequest,
    response: Group,
    handle: async (context, { parameters: { id }, body: { reason } }) => {
      const group = await getGroup(context, id);
      if (group.reclaimedAt !== undefined) {
        throw new ApiProblem('in-use', [{ message: 'the images of the group are deleted' }]);
      }
      return changeHold(context, group, { reason, at: context.clock() });
    },
  }),
  route({
    method: 'POST',
    path: '/groups/{id}/unhold',
    operation: 'unholdGroup',
    summary: 'Takes the legal hold away; what is past its retention goes then',
    response: Group,
    handle: async (context, { parameters: { id } }) =>
      changeHold(context, await getGroup(context, id), undefined),
  }),
];
