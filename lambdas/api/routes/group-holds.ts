/** Legal holds: while a group has one, the storage space reclaimer takes nothing of it. */
import { randomUUID } from 'node:crypto';
import { Group, HoldRequest } from '../../../core/contracts/api.ts';
import { toGroup } from '../../../core/contracts/api-conversion.ts';
import type { GroupItem } from '../../../core/contracts/items.ts';
import { memberId, memberIds } from '../../../core/processors/members.ts';
import type { ApiContext } from '../context.ts';
import { getGroup } from '../group-members.ts';
import { ApiProblem } from '../problems.ts';
import { route } from '../router.ts';

/** How many instances the group was sealed with, and how many of them are still there. */
const instancesLeft = async (
  { groups }: ApiContext,
  { id, keyId, instanceKeys = [keyId] }: GroupItem,
): Promise<{ readonly sealed: number; readonly left: number } | undefined> => {
  const manifest = await groups.manifest(id);
  if (manifest === undefined) return undefined;
  const members = memberIds(manifest);
  const there = new Set<string>();
  for (const key of instanceKeys) {
    for (const item of await groups.instances(key)) there.add(memberId(item));
  }
  return { sealed: members.length, left: members.filter((member) => there.has(member)).length };
};

/** Recorded with its reason; a reclaimer that is at work on the key looks again. */
const changed = async (
  context: ApiContext,
  { id, aeTitle }: GroupItem,
  code: 'legal-hold' | 'legal-hold-ended',
  message: string,
): Promise<{ json: Group }> => {
  await context.groups.recordDecision({
    ...{ id: randomUUID(), at: context.clock(), code, message },
    ...{ aeTitle, groupId: id },
  });
  return { json: toGroup(await getGroup(context, id)) };
};

const allDeleted = () =>
  new ApiProblem('in-use', [{ message: 'the images of the group are deleted' }]);

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
      if (group.reclaimedAt !== undefined) throw allDeleted();
      await context.reclaims.setLegalHold(group, { reason, at: context.clock() });
      // From now on nothing goes: what is counted stays. Of a composed group all may have gone with their studies.
      const { sealed, left } = (await instancesLeft(context, group)) ?? { sealed: 0, left: 0 };
      if (left === 0 && sealed > 0) {
        await context.reclaims.setLegalHold(group, group.legalHold);
        throw allDeleted();
      }
      const gone =
        left === sealed ? '' : ` (${sealed - left} of its ${sealed} images were deleted before)`;
      const message = `Nothing of the group is deleted: ${reason}${gone}`;
      return changed(context, group, 'legal-hold', message);
    },
  }),
  route({
    method: 'POST',
    path: '/groups/{id}/unhold',
    operation: 'unholdGroup',
    summary: 'Takes the legal hold away; what is past its retention goes then',
    response: Group,
    handle: async (context, { parameters: { id } }) => {
      const group = await getGroup(context, id);
      await context.reclaims.setLegalHold(group, undefined);
      const message = 'The legal hold of the group was taken away.';
      return changed(context, group, 'legal-hold-ended', message);
    },
  }),
];
