/**
 * The built-in processor `cache`: it only collects. A list of what it has, by series; sessions come of it when a
 * person composes them, and never by time. Instances go when a person says so or after the retention.
 */
import { z } from 'zod';
import type { AeTitleItem } from '../../contracts/configuration.ts';
import type { CachedSeries } from '../../contracts/cached-series.ts';
import { DAY_MS } from '../../contracts/day.ts';
import type { InstanceItem } from '../../contracts/items.ts';
import { CACHE_PROCESSOR } from '../../contracts/names.ts';
import type { Clock } from '../../contracts/ports.ts';
import type { GroupStore } from '../group-store.ts';
import type { HandOver } from './delivery-store.ts';

/** What `--set` may say of a cache. */
export const CacheSettings = z.strictObject({
  /** A study that got nothing for so long is handed over. */
  retentionDays: z.number().positive().max(36_500).default(30),
});

export interface CacheStore {
  /** Lists the instance's series, or tells that it got something now. May be repeated. */
  touchSeries(instance: InstanceItem, now: number): Promise<void>;
  /** All of the AE title, or of one study. */
  series(aeTitle: string, studyInstanceUid?: string): Promise<CachedSeries[]>;
  /** False when it got something since it was read: it stays then. */
  removeSeries(series: CachedSeries): Promise<boolean>;
}

export interface CleanDependencies {
  readonly cache: CacheStore;
  readonly groups: Pick<GroupStore, 'instances'>;
  readonly handOver: HandOver;
}

/** What the cache has of a study now, in the order of arrival. */
export const cachedInstances = async (
  groups: Pick<GroupStore, 'instances'>,
  series: readonly CachedSeries[],
): Promise<InstanceItem[]> => {
  const keys = [...new Set(series.map(({ keyId }) => keyId))];
  const found = await Promise.all(keys.map((keyId) => groups.instances(keyId)));
  return found.flat().filter(({ handedOverAt }) => handedOverAt === undefined);
};

/**
 * Hands over the instances of these series' studies. What arrives meanwhile is listed again by its own touch.
 * How many instances that were; may be repeated.
 */
export const cleanSeries = async (
  { cache, groups, handOver }: CleanDependencies,
  series: readonly CachedSeries[],
  cause: Parameters<HandOver['instances']>[1],
): Promise<number> => {
  const instances = await cachedInstances(groups, series);
  await handOver.instances(instances, cause);
  for (const entry of series) await cache.removeSeries(entry);
  return instances.length;
};

const byStudy = (series: readonly CachedSeries[]): CachedSeries[][] => [
  ...Map.groupBy(series, ({ studyInstanceUid }) => studyInstanceUid).values(),
];

/** Hands over the studies of every cache that got nothing for longer than its retention. */
export const sweepCaches = async (
  deps: CleanDependencies & { readonly clock: Clock },
  aeTitles: readonly AeTitleItem[],
): Promise<{ readonly studies: number }> => {
  let studies = 0;
  for (const { aeTitle, processor, processorSettings } of aeTitles) {
    if (processor !== CACHE_PROCESSOR) continue;
    const { retentionDays } = CacheSettings.parse(processorSettings ?? {});
    const horizon = deps.clock() - retentionDays * DAY_MS;
    for (const study of byStudy(await deps.cache.series(aeTitle))) {
      if (study.some(({ lastReceivedAt }) => lastReceivedAt >= horizon)) continue;
      await cleanSeries(deps, study, { reason: 'retention', by: aeTitle });
      studies += 1;
    }
  }
  return { studies };
};
