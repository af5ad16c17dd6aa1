/**
 * Deletes the shared virtual environments that no runner has fetched for a while, and archives that do not count:
 * those of runners that were not the first, and those that were replaced. Whoever needs one again builds it.
 */
import { DAY_MS } from '../contracts/day.ts';
import { environmentIdOf, objectKeys } from '../contracts/object-keys.ts';
import type { Clock, DatedObjectListing, ObjectStore } from '../contracts/ports.ts';
import { SharedEnvironment } from '../contracts/shared-environment.ts';

/** Runners mark an environment that they fetch once a day: this is counted from the last mark. */
export const UNUSED_AFTER_MS = 30 * DAY_MS;

/** Longer than from an archive to the document that names it, and than anybody takes to fetch it. */
export const UNNAMED_AFTER_MS = DAY_MS;

export interface EnvironmentReclaimDependencies {
  readonly listing: DatedObjectListing;
  readonly objects: Pick<ObjectStore, 'getJson' | 'delete'>;
  readonly clock: Clock;
}

type Dated = Awaited<ReturnType<DatedObjectListing['dated']>>;

/** The archive that counts; undefined when nothing says which. */
const namedArchive = async (
  { objects }: EnvironmentReclaimDependencies,
  id: string,
): Promise<string | undefined> => {
  const stored = await objects
    .getJson(objectKeys.sharedEnvironment(id))
    .then((json) => SharedEnvironment.safeParse(json))
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
      throw error;
    });
  return stored?.success === true
    ? objectKeys.environmentArchive(id, stored.data.sha256)
    : undefined;
};

const unneeded = async (
  deps: EnvironmentReclaimDependencies,
  id: string,
  stored: Dated,
): Promise<Dated> => {
  const now = deps.clock();
  if (stored.every(({ modifiedAt }) => now - modifiedAt > UNUSED_AFTER_MS)) return stored;
  const keep = [objectKeys.sharedEnvironment(id), await namedArchive(deps, id)];
  return stored.filter(
    ({ key, modifiedAt }) => !keep.includes(key) && now - modifiedAt > UNNAMED_AFTER_MS,
  );
};

/** How many objects were deleted. */
export const reclaimEnvironments = async (
  deps: EnvironmentReclaimDependencies,
): Promise<number> => {
  const stored = await deps.listing.dated(objectKeys.environmentsPrefix);
  let count = 0;
  for (const [id, ofOne] of Map.groupBy(stored, ({ key }) => environmentIdOf(key))) {
    if (id === undefined) continue;
    const keys = (await unneeded(deps, id, ofOne)).map(({ key }) => key);
    if (keys.length > 0) await deps.objects.delete(keys);
    count += keys.length;
  }
  return count;
};
