/** The lists of caches as items of the table. */
import { CachedSeries } from '../core/contracts/cached-series.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import type { CacheStore } from '../core/processors/extension/cache.ts';
import type { Table } from './table.ts';

export const tableCache = (table: Table): CacheStore => ({
  touchSeries: async (instance, now) => {
    const { aeTitle, studyInstanceUid, seriesInstanceUid } = instance;
    const first = {
      ...{ aeTitle, keyId: instance.keyId, studyInstanceUid, seriesInstanceUid },
      ...{ patientId: instance.patientId, issuerOfPatientId: instance.issuerOfPatientId },
      ...{ attributes: instance.attributes, firstReceivedAt: now },
    } satisfies Omit<CachedSeries, 'lastReceivedAt'>;
    const names = Object.keys(first);
    await table.update(tableKeys.cachedSeries(aeTitle, studyInstanceUid, seriesInstanceUid), {
      update: `SET #lastReceivedAt = :lastReceivedAt, ${names
        .map((name) => `#${name} = if_not_exists(#${name}, :${name})`)
        .join(', ')}`,
      names: ['lastReceivedAt', ...names],
      values: { ...first, lastReceivedAt: now },
    });
  },
  series: (aeTitle, study) =>
    table.queryAll(
      tableKeys.cachedSeries(aeTitle, '', '').pk,
      study === undefined ? tableKeys.cachedSeriesPrefix : tableKeys.cachedStudyPrefix(study),
      CachedSeries,
    ),
  removeSeries: ({ aeTitle, studyInstanceUid, seriesInstanceUid, lastReceivedAt }) =>
    table.delete(tableKeys.cachedSeries(aeTitle, studyInstanceUid, seriesInstanceUid), {
      condition: '#lastReceivedAt = :lastReceivedAt',
      names: ['lastReceivedAt'],
      values: { lastReceivedAt },
    }),
});
