/** Where the time of a release goes: read from what it wrote. */
import { parseGroupId } from '../../core/contracts/keys.ts';
import { dueAt } from '../../core/contracts/due-time.ts';
import { inParallel } from '../../core/running/concurrency.ts';
import type { InstalledCloud } from './installed-cloud.ts';

/** Groups that are read at a time. */
const READ_AT_ONCE = 20;

/** In the order in which they follow each other; in milliseconds. */
export interface ReleaseParts {
  /** The check's message, its way through the queue and the function, and the claim: from then on no image is added. */
  readonly dueToClosed: number;
  /** What came before is read, the manifest is made. */
  readonly closedToManifest: number;
  /** It is written. */
  readonly manifestToSession: number;
  /** The session is stored and its execution begun, the group is found by study and patient. */
  readonly sessionToReleased: number;
}

const partsOf = async ({ groups, sessions }: InstalledCloud, id: string): Promise<ReleaseParts> => {
  const { keyId, generation } = parseGroupId(id) ?? { keyId: id, generation: 0 };
  const [group, manifest] = await Promise.all([groups.get(keyId, generation), groups.manifest(id)]);
  const session = await sessions.getSession(group?.sessions[0] ?? '');
  if (
    group?.claimedAt === undefined ||
    group.releasedAt === undefined ||
    manifest === undefined ||
    session === undefined
  ) {
    throw new Error('a released group has no manifest or no session');
  }
  return {
    dueToClosed: group.claimedAt - dueAt(group),
    closedToManifest: manifest.sealedAt - group.claimedAt,
    manifestToSession: session.createdAt - manifest.sealedAt,
    sessionToReleased: group.releasedAt - session.createdAt,
  };
};

/** Of groups that were released with one session each, in their order. */
export const releaseParts = (
  cloud: InstalledCloud,
  ids: readonly string[],
): Promise<ReleaseParts[]> => inParallel(ids, READ_AT_ONCE, (id) => partsOf(cloud, id));
