/**
 * Groups whose inputs are declared: released early when all are there, and by the AE title's policy when the time
 * has run out before. Nobody looks while instances keep coming: each touch of a listener asks for a look when
 * what relies on that touch is stored, and the look for the last touch sees them all.
 */
import type { GroupItem, InputReport } from '../contracts/items.ts';
import { parseGroupId } from '../contracts/keys.ts';
import { inputReports, isComplete } from './completeness.ts';
import { collectingInstances } from './manifest.ts';
import { claimGroup, type DueOutcome, type ReleaseDependencies } from './release.ts';
import { lookTime } from './timing.ts';

export const declares = ({ complete }: Pick<GroupItem, 'complete'>): boolean =>
  complete !== undefined && complete.length > 0;

/** What comes to a held group after its window may open the next one, and must not be counted on. */
const reportsOf = async (deps: ReleaseDependencies, group: GroupItem): Promise<InputReport[]> => {
  const until = group.held === true ? (group.lateUntil ?? Infinity) : Infinity;
  const members = await collectingInstances(deps, group);
  return inputReports(
    group.complete ?? [],
    members.filter(({ receivedAt }) => receivedAt < until),
  );
};

/** `waiting`: not complete, or a later touch has asked for a look of its own. */
export type Look =
  | { readonly outcome: 'waiting' }
  | { readonly outcome: 'later'; readonly inMs: number }
  | { readonly outcome: 'claimed'; readonly group: GroupItem };

/** Looks at a group that was touched at `touchedAt`; sleeps at most `maxSleepMs` for that. */
export const lookAtDeclared = async (
  deps: ReleaseDependencies,
  groupId: string,
  touchedAt: number,
  maxSleepMs: number,
): Promise<Look> => {
  const id = parseGroupId(groupId);
  for (;;) {
    const group = id && (await deps.groups.get(id.keyId, id.generation));
    if (group?.state !== 'COLLECTING' || !declares(group)) return { outcome: 'waiting' };
    // What is held for another reason waits for its person.
    const isHeld = group.held === true && group.incomplete !== true;
    if (isHeld || group.lastReceivedAt > touchedAt) return { outcome: 'waiting' };
    const left = lookTime(touchedAt, group.instanceCount) - deps.clock();
    if (left > maxSleepMs) return { outcome: 'later', inMs: left };
    if (left > 0) {
      await deps.sleep(left);
      continue;
    }
    const inputs = await reportsOf(deps, group);
    if (!isComplete(inputs)) return { outcome: 'waiting' };
    const claimed = await claimGroup(deps, group, { reason: 'complete', inputs });
    if (claimed !== undefined) return { outcome: 'claimed', group: claimed };
  }
};

/** Of a group that declares inputs, at its due time. */
export const closeDeclared = async (
  deps: ReleaseDependencies,
  group: GroupItem,
): Promise<DueOutcome> => {
  const inputs = await reportsOf(deps, group);
  if (isComplete(inputs)) {
    return (await claimGroup(deps, group, { reason: 'complete', inputs })) ?? 'changed';
  }
  switch (group.onIncomplete ?? 'run') {
    case 'run':
      return (await claimGroup(deps, group, { inputs })) ?? 'changed';
    case 'discard':
      return (await claimGroup(deps, group, { reason: 'discarded', inputs })) ?? 'changed';
    case 'hold': {
      const hold = {
        lateUntil: deps.clock() + (group.lateWindowMs ?? 0),
        inputs,
      };
      return (await deps.groups.hold(group, hold)) ? 'held' : 'changed';
    }
  }
};
