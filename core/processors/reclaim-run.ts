/**
 * One run of the storage space reclaimer: what is past its AE title's retention is handed over, then what was
 * handed over is worked off, in bounded batches and until the run's time is over. The next run goes on.
 */
import { AE_TITLE_DEFAULTS, type AeTitleItem } from '../contracts/configuration.ts';
import { DAY_MS } from '../contracts/day.ts';
import type { GroupItem, UnroutedItem } from '../contracts/items.ts';
import { objectKeys } from '../contracts/object-keys.ts';
import type { ReclaimReason } from '../contracts/reclaim-items.ts';
import { createHandOver } from './hand-over.ts';
import { PURGE_AFTER_MS, reclaimHandOver, type ReclaimDependencies } from './reclaim.ts';
const BATCH = 100;

export interface ReclaimRunDependencies extends ReclaimDependencies {
  readonly aeTitles: { list(): Promise<Pick<AeTitleItem, 'aeTitle' | 'retentionDays'>[]> };
}

export interface ReclaimRun {
  /** Groups whose retention has passed, and discarded ones. */
  readonly handedOver: number;
  readonly deletedInstances: number;
  readonly deletedUnrouted: number;
  /** Hand-overs that are done. */
  readonly done: number;
  readonly waiting: number;
  /** One failure does not keep the run from the next; of an error only its name, for the log. */
  readonly failures: readonly string[];
}

/** A run looks so far back beyond a retention: what runs before it have left is found by the daily one. */
const LOOK_BACK_MS = 2 * 3_600_000;

/** Of a discarded group nothing is kept: it is found soon, or by the daily run. */
const DISCARDED_LOOK_BACK_MS = 600_000;
const DAILY_LOOK_BACK_MS = DAY_MS + LOOK_BACK_MS;

/**
 * Hands over the released groups whose time is up, and at once those that were discarded for want of declared inputs; the AE title's retention of today counts. A full pass looks at
 * all of them, which finds those too whose retention was shortened; else only at those that have just become due.
 */
const handOverByRetention = async (
  deps: ReclaimRunDependencies,
  { isFull, isOver }: { readonly isFull: boolean; readonly isOver: () => boolean },
): Promise<number> => {
  const { reclaims, clock } = deps;
  const handOver = createHandOver(deps);
  const days = new Map(
    (await deps.aeTitles.list()).map(({ aeTitle, retentionDays }) => [aeTitle, retentionDays]),
  );
  const retentionMs = (aeTitle: string): number =>
    Math.round((days.get(aeTitle) ?? AE_TITLE_DEFAULTS.retentionDays) * DAY_MS);
  const now = clock();
  const reasonFor = (group: GroupItem): ReclaimReason | undefined => {
    const { aeTitle, releasedAt = now, handedOver, legalHold } = group;
    if (handedOver !== undefined || legalHold !== undefined) return undefined;
    // What it is composed of is the cache's, which has a retention of its own.
    if (group.closedBecause === 'composed') return undefined;
    if (group.closedBecause === 'discarded') return 'discarded';
    return now - releasedAt >= retentionMs(aeTitle) ? 'retention' : undefined;
  };
  const retentions = new Set([
    ...[...days.keys()].map(retentionMs),
    Math.round(AE_TITLE_DEFAULTS.retentionDays * DAY_MS),
  ]);

  let count = 0;
  const handOverBetween = async (start: number, until: number): Promise<void> => {
    let from = start;
    const seen = new Set<string>();
    while (!isOver()) {
      const page = await reclaims.releasedBetween(from, until, BATCH + seen.size);
      const fresh = page.filter(({ id }) => !seen.has(id));
      for (const group of fresh) {
        const reason = reasonFor(group);
        if (reason === undefined) continue;
        await handOver.group(group, { reason, by: group.aeTitle });
        count += 1;
      }
      const last = fresh.at(-1)?.releasedAt;
      if (last === undefined) return;
      // The next page begins with those of the same millisecond.
      if (last !== from) seen.clear();
      from = last;
      for (const { id, releasedAt } of page) if (releasedAt === last) seen.add(id);
    }
  };
  await handOverBetween(
    Math.max(0, now - (isFull ? DAILY_LOOK_BACK_MS : DISCARDED_LOOK_BACK_MS)),
    now,
  );
  if (isFull) await handOverBetween(0, Math.max(0, now - Math.min(...retentions)));
  else {
    for (const retention of retentions) {
      await handOverBetween(
        Math.max(0, now - retention - LOOK_BACK_MS),
        Math.max(0, now - retention),
      );
    }
  }
  return count;
};

const unroutedObjects = (item: UnroutedItem): string[] => [
  item.objectKey,
  ...Array.from({ length: item.incarnation ?? 1 }, (_, index) =>
    objectKeys.unrouted(item.aeTitle, item.sopInstanceUid, item.sha256, index + 1),
  ),
];

/** True when the object was deleted by this call. */
const reclaimUnrouted = async (
  { reclaims, objects, groups, clock }: ReclaimRunDependencies,
  item: UnroutedItem,
): Promise<boolean> => {
  if (item.deletedAt !== undefined) {
    await reclaims.removeUnrouted(item);
    return false;
  }
  await objects.delete([...new Set(unroutedObjects(item))]);
  const at = clock();
  if (!(await reclaims.markUnroutedDeleted(item, at, at + PURGE_AFTER_MS))) return false;
  const { reason = 'person', by = '' } = item.handedOver ?? {};
  await groups.recordDecision({
    id: `reclaimed-${item.associationId}-${String(item.receivedAt)}`,
    at,
    code: 'instances-reclaimed',
    message: `1 unrouted instance was deleted: handed over by ${reason} (${by}).`,
    aeTitle: item.aeTitle,
    callingAeTitle: item.callingAeTitle,
  });
  return true;
};

/** `until` by the clock: what is left then is the next run's. `isFull`: once a day. */
export const runReclaimer = async (
  deps: ReclaimRunDependencies,
  { until, isFull = false }: { readonly until: number; readonly isFull?: boolean },
): Promise<ReclaimRun> => {
  const { reclaims, clock } = deps;
  const isOver = (): boolean => clock() >= until;
  const failures: string[] = [];
  const trying = async <T>(step: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      failures.push(error instanceof Error ? error.name : 'unknown');
      return otherwise;
    }
  };
  const count = { deletedInstances: 0, deletedUnrouted: 0, done: 0, waiting: 0 };
  const handedOver = await trying(() => handOverByRetention(deps, { isFull, isOver }), 0);
  const due = await reclaims.dueHandOvers(clock(), BATCH);
  for (const item of due) {
    if (isOver()) break;
    const answer = await trying(() => reclaimHandOver(deps, item), undefined);
    if (answer?.outcome === 'deleted') count.deletedInstances += answer.instances;
    if (answer?.outcome === 'done') count.done += 1;
    if (answer?.outcome === 'waiting') count.waiting += 1;
  }
  for (const item of await reclaims.doomedUnrouted(clock(), BATCH)) {
    if (isOver()) break;
    if (await trying(() => reclaimUnrouted(deps, item), false)) count.deletedUnrouted += 1;
  }
  return { handedOver, ...count, failures };
};
