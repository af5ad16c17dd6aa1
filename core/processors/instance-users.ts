/** Who has instances of a key without being one of its groups, and who reads them at this moment: for the reclaimer. */
import type { GroupItem, SessionItem } from '../contracts/items.ts';
import { parseGroupId } from '../contracts/keys.ts';
import type { Clock } from '../contracts/ports.ts';
import type { InstanceUse } from '../contracts/reclaim-items.ts';
import type { SessionStore } from '../running/session-store.ts';
import { isTerminalSessionState } from '../running/states.ts';
import type { GroupStore } from './group-store.ts';
import type { ReclaimStore } from './reclaim-store.ts';

export interface UserDependencies {
  readonly reclaims: Pick<ReclaimStore, 'uses' | 'endUse'>;
  readonly groups: Pick<GroupStore, 'generations'>;
  readonly sessions: Pick<SessionStore, 'getSession'>;
  readonly clock: Clock;
}

/** A use whose session was never made, or never begun again: whoever announced it has died. */
const ABANDONED_USE_MS = 3_600_000;

/** Undefined when there is none of that id. */
export const findGroup = async (
  { groups }: UserDependencies,
  id: string,
): Promise<GroupItem | undefined> => {
  const parsed = parseGroupId(id);
  if (parsed === undefined) return undefined;
  const generations = await groups.generations(parsed.keyId);
  return generations.find(({ generation }) => generation === parsed.generation);
};

/** One that was announced after the session's end is about to begin again. */
const isUseOver = ({ at }: InstanceUse, session: SessionItem | undefined, now: number): boolean => {
  if (session !== undefined && !isTerminalSessionState(session.state)) return false;
  const isCurrent = session === undefined || at > (session.endedAt ?? Infinity);
  return !isCurrent || now - at > ABANDONED_USE_MS;
};

/**
 * Groups that have instances of the key and are none of it: submitted by a processor, or composed by a person.
 * Undefined while a session that may read instances of the key has not ended.
 */
export const otherUsers = async (
  deps: UserDependencies,
  keyId: string,
  generations: readonly GroupItem[],
): Promise<GroupItem[] | undefined> => {
  const { sessions, reclaims, clock } = deps;
  for (const id of new Set(generations.flatMap((group) => group.sessions))) {
    const session = await sessions.getSession(id);
    if (session !== undefined && !isTerminalSessionState(session.state)) return undefined;
  }
  const users = [];
  for (const use of await reclaims.uses(keyId)) {
    const session = await sessions.getSession(use.sessionId);
    if (!isUseOver(use, session, clock())) return undefined;
    const group = session && (await findGroup(deps, session.groupId));
    // A use says which groups are not of the key: it goes with the last of their instances.
    if (group === undefined || group.keyId === keyId || group.reclaimedAt !== undefined) {
      await reclaims.endUse(keyId, use.sessionId);
    } else users.push(group);
  }
  return users;
};
