/**
 * A person says that a group is complete, or decides about one that is held. Only the claim is made here: what
 * follows has to wait until no listener's promise holds any more, and is the stability check's.
 */
import { parseGroupId } from '../contracts/keys.ts';
import type { GroupItem } from '../contracts/items.ts';
import type { StabilityCheck } from '../contracts/messages.ts';
import type { Clock } from '../contracts/ports.ts';
import type { GroupStore } from './group-store.ts';
import { claimGroup } from './release.ts';

/** A claim can lose to the touches of several listeners a few times. */
const CLAIM_ATTEMPTS = 20;

export interface ManualReleaseDependencies {
  readonly groups: Pick<GroupStore, 'get' | 'claim'>;
  sendCheck(check: StabilityCheck, delaySeconds: number): Promise<void>;
  readonly clock: Clock;
}

export type ManualRelease =
  /** `releasing`: claimed, by this call or before; `released`: nothing was left to do. */
  | { readonly outcome: 'releasing' | 'released'; readonly group: GroupItem }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'too-busy' };

/** May be repeated: the group is released once. */
export const releaseByHand = async (
  deps: ManualReleaseDependencies,
  id: string,
): Promise<ManualRelease> => {
  const { groups } = deps;
  const parsed = parseGroupId(id);
  if (parsed === undefined) return { outcome: 'not-found' };
  const { keyId, generation } = parsed;
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
    const group = await groups.get(keyId, generation);
    if (group === undefined) return { outcome: 'not-found' };
    if (group.state === 'RELEASED') return { outcome: 'released', group };
    if (group.state === 'COLLECTING') await claimGroup(deps, group, { reason: 'manual' });
    else {
      await deps.sendCheck({ groupId: id }, 0);
      return { outcome: 'releasing', group };
    }
  }
  return { outcome: 'too-busy' };
};
