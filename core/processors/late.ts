/** Instances that come after the release of their group: what the generation that they open is told to do. */
import type { AeTitleItem } from '../contracts/configuration.ts';
import type { GroupItem } from '../contracts/items.ts';
import type { GroupStore } from './group-store.ts';

type LateFields = Pick<GroupItem, 'late' | 'lateUntil' | 'lateWindowMs' | 'held'>;

/** One to which nobody belonged, or that a person still holds, released nothing. */
const releasedSomething = ({ closedBecause, held }: GroupItem): boolean =>
  closedBecause !== 'empty' && held !== true;

/** The generation whose release counts for what comes after `newest`; `newest` itself if it is held. */
export const lastReleased = async (
  groups: Pick<GroupStore, 'generations'>,
  newest: GroupItem | undefined,
): Promise<GroupItem | undefined> =>
  newest === undefined || newest.held === true || releasedSomething(newest)
    ? newest
    : (await groups.generations(newest.keyId)).findLast(releasedSomething);

/**
 * What a generation that opens at `now` has of the AE title's policy: nothing if the last release of the key is
 * longer ago than its window. One that is claimed is about to be released.
 */
export const lateFields = (
  settings: Pick<AeTitleItem, 'late' | 'lateWindowSeconds'>,
  predecessor: GroupItem | undefined,
  now: number,
): LateFields => {
  if (predecessor === undefined || isHoldOver(predecessor, now)) return {};
  const lateWindowMs = Math.round(settings.lateWindowSeconds * 1000);
  const lateUntil = (predecessor.releasedAt ?? predecessor.claimedAt ?? now) + lateWindowMs;
  if (now >= lateUntil) return {};
  const { late } = settings;
  return { late, lateUntil, lateWindowMs, ...(late === 'hold' ? { held: true } : {}) };
};

/** A held group takes nothing that comes after the window of its key: that opens the next generation, afresh. */
export const isHoldOver = (group: Pick<GroupItem, 'held' | 'lateUntil'>, now: number): boolean =>
  group.held === true && now >= (group.lateUntil ?? 0);
