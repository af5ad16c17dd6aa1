/**
 * What service code kept for the length of a session outlives a session that was no success, so that its jobs
 * can be tried again where they stood. It goes when the session succeeds after all, or some days later.
 */
import { DAY_MS } from '../contracts/day.ts';
import { objectKeys } from '../contracts/object-keys.ts';
import type { Clock, ObjectListing, ObjectStore } from '../contracts/ports.ts';
import type { SessionDataStore, SessionStore } from './session-store.ts';
import { isTerminalSessionState } from './states.ts';

const KEPT_DAYS = 7;

/** Sessions whose data one call removes: each may have thousands of values and files. */
const REMOVALS_AT_A_TIME = 10;

/** Milliseconds since the epoch until when the data of a session that ends badly at `endedAt` can be used. */
export const keptUntil = (endedAt: number): number => endedAt + KEPT_DAYS * DAY_MS;

export interface RemoveDataDependencies {
  readonly objects: Pick<ObjectStore, 'delete'>;
  readonly listing: ObjectListing;
  readonly sessionData: Pick<SessionDataStore, 'removeAllValues'>;
}

/** Removes what the jobs of a session have kept: values and files. */
export const removeSessionData = async (
  { objects, listing, sessionData }: RemoveDataDependencies,
  sessionId: string,
): Promise<void> => {
  const files = await listing.keys(objectKeys.sessionFilePrefix(sessionId));
  if (files.length > 0) await objects.delete(files);
  // With the note that they are kept, which must not go before the files.
  await sessionData.removeAllValues(sessionId);
};

/** Removes the data of sessions that were kept long enough; for how many. One that runs again keeps its own. */
export const removeKeptData = async (
  deps: Omit<RemoveDataDependencies, 'sessionData'> & {
    readonly sessions: Pick<SessionStore, 'getSession'>;
    readonly sessionData: Pick<SessionDataStore, 'removeAllValues' | 'listKept' | 'keepUntil'>;
    readonly clock: Clock;
  },
): Promise<number> => {
  const { sessions, sessionData, clock } = deps;
  const due = await sessionData.listKept(clock(), REMOVALS_AT_A_TIME);
  for (const sessionId of due) {
    const session = await sessions.getSession(sessionId);
    const isOver = session === undefined || isTerminalSessionState(session.state);
    if (isOver) await removeSessionData(deps, sessionId);
    else await sessionData.keepUntil(sessionId, keptUntil(clock()));
  }
  return due.length;
};
