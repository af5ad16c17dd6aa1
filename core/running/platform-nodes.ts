/**
 * The platform's own first and last node. pre-services: every image of the session is there, whole.
 * post-services: what service code kept for the length of the session goes, unless jobs of it may be tried again;
 * images are never deleted here.
 */
import { GroupManifest } from '../contracts/items.ts';
import { objectKeys } from '../contracts/object-keys.ts';
import type { Clock, ObjectListing, ObjectStore } from '../contracts/ports.ts';
import type { JobState } from '../contracts/vocabulary.ts';
import { forEach, limiter } from './concurrency.ts';
import { keptUntil, removeSessionData } from './kept-data.ts';
import type { JobOutcome, SessionDataStore, SessionStore } from './session-store.ts';
import { isFailedJobState } from './states.ts';

/** Questions to S3 at a time. */
const CHECKS_AT_A_TIME = 64;

export interface PlatformNodeDependencies {
  readonly sessions: Pick<SessionStore, 'getSession' | 'getJobs'>;
  readonly objects: Pick<ObjectStore, 'getJson' | 'size' | 'delete'>;
  readonly listing: ObjectListing;
  readonly sessionData: Pick<SessionDataStore, 'removeAllValues' | 'keepUntil'>;
  readonly clock: Clock;
  /** SOP instance UIDs of what is missing; identifiers of a patient. */
  readonly onUnreadable: (sessionId: string, sopInstanceUids: readonly string[]) => void;
}

/** A session without its item or its group's manifest: a defect, for both are written before its graph. */
export class SessionIncomplete extends Error {
  override readonly name = 'SessionIncomplete';
  readonly sessionId: string;

  constructor(sessionId: string, what: string) {
    super(`session ${sessionId} has no ${what}`);
    this.sessionId = sessionId;
  }
}

export const preServices = async (
  deps: PlatformNodeDependencies,
  sessionId: string,
): Promise<JobOutcome> => {
  const session = await deps.sessions.getSession(sessionId);
  if (session === undefined) throw new SessionIncomplete(sessionId, 'item');
  const manifest = GroupManifest.parse(
    await deps.objects.getJson(objectKeys.groupManifest(session.groupId)),
  );
  const instances = manifest.series.flatMap((series) => series.instances);
  const limit = limiter(CHECKS_AT_A_TIME);
  const problems = new Map<number, string>();
  await forEach(instances.entries(), ([index, instance]) =>
    limit(async () => {
      const size = await deps.objects.size(instance.objectKey);
      if (size === undefined) problems.set(index, 'is not there');
      else if (size !== instance.size) {
        problems.set(index, `has ${size} bytes instead of ${instance.size}`);
      }
    }),
  );
  // In the order of the manifest, whatever order the answers came in.
  const [first, ...others] = [...problems].sort(([one], [other]) => one - other);
  if (first === undefined) return { state: 'SUCCEEDED' };
  const uidOf = ([index]: readonly [number, string]): string =>
    instances[index]?.sopInstanceUid ?? '';
  deps.onUnreadable(sessionId, [first, ...others].map(uidOf));
  return {
    state: 'FAILED',
    reason: `${problems.size} of ${instances.length} images cannot be read. The first is SOP instance ${uidOf(first)}: its object ${first[1]}.`,
  };
};

const mayBeTriedAgain = (state: JobState): boolean =>
  isFailedJobState(state) || state === 'CANCELLED';

export const postServices = async (
  deps: PlatformNodeDependencies,
  sessionId: string,
): Promise<JobOutcome> => {
  const jobs = await deps.sessions.getJobs(sessionId);
  if (jobs.some(({ kind, state }) => kind !== 'post-services' && mayBeTriedAgain(state))) {
    await deps.sessionData.keepUntil(sessionId, keptUntil(deps.clock()));
  } else {
    await removeSessionData(deps, sessionId);
  }
  return { state: 'SUCCEEDED' };
};
