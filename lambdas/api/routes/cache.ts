/** Caches: what AE titles with the processor `cache` have, and sessions composed of it. */
import { z } from 'zod';
import {
  CachedPatientPage,
  CachedSeriesPage,
  CachedStudyPage,
  Cleaned,
  Composed,
  Composition,
  toCachedPatients,
  toCachedSeries,
  toCachedStudies,
} from '../../../core/contracts/api-cache.ts';
import type { CachedSeries } from '../../../core/contracts/cached-series.ts';
import { CACHE_PROCESSOR } from '../../../core/contracts/names.ts';
import { cleanSeries } from '../../../core/processors/extension/cache.ts';
import { compose } from '../compose.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, Paging } from '../paging.ts';
import { notFound } from '../problems.ts';
import { route } from '../router.ts';

const Filter = Paging.extend({
  aeTitle: z.string().optional().describe('of this cache only'),
  patient: z.string().optional().describe('a Patient ID'),
  study: z.string().optional().describe('a Study Instance UID'),
});

/** The latest first. */
const listed = async (
  { cache, configuration }: ApiContext,
  { aeTitle, patient, study }: Omit<z.infer<typeof Filter>, 'limit' | 'next'>,
): Promise<CachedSeries[]> => {
  const caches = (await configuration.aeTitles.list()).filter(
    (item) =>
      item.processor === CACHE_PROCESSOR && (aeTitle === undefined || item.aeTitle === aeTitle),
  );
  if (aeTitle !== undefined && caches.length === 0) throw notFound('cache', aeTitle);
  const series = await Promise.all(caches.map((item) => cache.series(item.aeTitle, study)));
  return series
    .flat()
    .filter(({ patientId }) => patient === undefined || patientId === patient)
    .sort((a, b) => b.lastReceivedAt - a.lastReceivedAt);
};

/** One after the other: the same patient in two caches is two entries. */
const ofEach = <T>(
  series: readonly CachedSeries[],
  show: (of: readonly CachedSeries[]) => T[],
): T[] => [...Map.groupBy(series, ({ aeTitle }) => aeTitle).values()].flatMap(show);

export const cacheRoutes = [
  route({
    method: 'GET',
    path: '/cache/patients',
    operation: 'listCachedPatients',
    summary: 'Patients of whom a cache has images',
    query: Filter,
    response: CachedPatientPage,
    handle: async (context, { query }) => ({
      json: pageOfList(ofEach(await listed(context, query), toCachedPatients), query),
    }),
  }),
  route({
    method: 'GET',
    path: '/cache/studies',
    operation: 'listCachedStudies',
    summary: 'Studies that a cache has',
    query: Filter,
    response: CachedStudyPage,
    handle: async (context, { query }) => ({
      json: pageOfList(ofEach(await listed(context, query), toCachedStudies), query),
    }),
  }),
  route({
    method: 'GET',
    path: '/cache/series',
    operation: 'listCachedSeries',
    summary: 'Series that a cache has',
    query: Filter,
    response: CachedSeriesPage,
    handle: async (context, { query }) => ({
      json: pageOfList((await listed(context, query)).map(toCachedSeries), query),
    }),
  }),
  route({
    method: 'POST',
    path: '/cache/compose',
    operation: 'composeSession',
    summary: 'A session of chosen studies: exactly the instances that the cache has of them now',
    body: Composition,
    response: Composed,
    handle: async (context, { body }) => ({ json: await compose(context, body) }),
  }),
  route({
    method: 'POST',
    path: '/cache/{aeTitle}/studies/{study}/clean',
    operation: 'cleanCachedStudy',
    summary: 'Hands a study over to the storage space reclaimer',
    response: Cleaned,
    handle: async (context, { parameters: { aeTitle, study } }) => {
      const series = await listed(context, { aeTitle, study });
      if (series.length === 0) throw notFound('study in the cache', study);
      const instances = await cleanSeries(context, series, { reason: 'person', by: 'cache' });
      return { json: { aeTitle, instances } };
    },
  }),
];
