/** The JSON shapes of caches: what they have, and sessions that a person composes of it. */
import { z } from 'zod';
import { named, pageOf } from './api.ts';
import type { CachedSeries as CachedSeriesItem } from './cached-series.ts';
import { isoTime } from './day.ts';

const Time = z.iso.datetime({ precision: 3 });
const received = { firstReceivedAt: Time, lastReceivedAt: Time };
const patient = { aeTitle: z.string(), patientId: z.string(), issuerOfPatientId: z.string() };

export const CachedPatient = named(
  'CachedPatient',
  z.object({ ...patient, patientName: z.string(), studies: z.int(), ...received }),
);
export const CachedPatientPage = pageOf('CachedPatientPage', CachedPatient);

export const CachedStudy = named(
  'CachedStudy',
  z.object({
    ...patient,
    studyInstanceUid: z.string(),
    accessionNumber: z.string(),
    studyDate: z.string(),
    description: z.string(),
    modalities: z.array(z.string()),
    series: z.int(),
    ...received,
  }),
);
export const CachedStudyPage = pageOf('CachedStudyPage', CachedStudy);

export const CachedSeries = named(
  'CachedSeries',
  z.object({
    ...patient,
    studyInstanceUid: z.string(),
    seriesInstanceUid: z.string(),
    modality: z.string(),
    description: z.string(),
    ...received,
  }),
);
export const CachedSeriesPage = pageOf('CachedSeriesPage', CachedSeries);

export const Composition = named(
  'Composition',
  z.strictObject({
    aeTitle: z.string().optional().describe('the cache; without it, the only one with the studies'),
    studies: z.array(z.string().min(1)).min(1).max(1000).describe('Study Instance UIDs'),
    pipeline: z.string().min(1).describe('the id of a pipeline'),
    priority: z.string().optional(),
    acrossPatients: z.boolean().optional().describe('the studies may be of several patients'),
    name: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('the same name, pipeline and instances make one session; without it, each is new'),
  }),
);

export const Composed = named(
  'Composed',
  z.object({ sessionId: z.string(), groupId: z.string(), aeTitle: z.string(), instances: z.int() }),
);

export const Cleaned = named('Cleaned', z.object({ aeTitle: z.string(), instances: z.int() }));

const text = ({ attributes }: CachedSeriesItem, keyword: string): string => {
  const value = attributes[keyword];
  return typeof value === 'string' ? value : '';
};

type Some = readonly [CachedSeriesItem, ...CachedSeriesItem[]];

const grouped = (
  series: readonly CachedSeriesItem[],
  keyOf: (item: CachedSeriesItem) => unknown,
): Some[] =>
  [...Map.groupBy(series, (item) => JSON.stringify(keyOf(item))).values()].flatMap(
    ([first, ...rest]) => (first === undefined ? [] : [[first, ...rest] as const]),
  );

const times = (series: Some) => ({
  firstReceivedAt: isoTime(Math.min(...series.map((item) => item.firstReceivedAt))),
  lastReceivedAt: isoTime(Math.max(...series.map((item) => item.lastReceivedAt))),
});

const patientOf = ({ aeTitle, patientId, issuerOfPatientId }: CachedSeriesItem) => ({
  ...{ aeTitle, patientId, issuerOfPatientId },
});

export const toCachedPatients = (
  series: readonly CachedSeriesItem[],
): z.infer<typeof CachedPatient>[] =>
  grouped(series, ({ patientId, issuerOfPatientId }) => [patientId, issuerOfPatientId]).map(
    (ofPatient) => ({
      ...patientOf(ofPatient[0]),
      patientName: text(ofPatient[0], 'PatientName'),
      studies: new Set(ofPatient.map(({ studyInstanceUid }) => studyInstanceUid)).size,
      ...times(ofPatient),
    }),
  );

export const toCachedStudies = (
  series: readonly CachedSeriesItem[],
): z.infer<typeof CachedStudy>[] =>
  grouped(series, ({ studyInstanceUid }) => studyInstanceUid).map((ofStudy) => ({
    ...patientOf(ofStudy[0]),
    studyInstanceUid: ofStudy[0].studyInstanceUid,
    accessionNumber: text(ofStudy[0], 'AccessionNumber'),
    studyDate: text(ofStudy[0], 'StudyDate'),
    description: text(ofStudy[0], 'StudyDescription'),
    modalities: [...new Set(ofStudy.map((item) => text(item, 'Modality')))].sort(),
    series: ofStudy.length,
    ...times(ofStudy),
  }));

export const toCachedSeries = (item: CachedSeriesItem): z.infer<typeof CachedSeries> => ({
  ...patientOf(item),
  studyInstanceUid: item.studyInstanceUid,
  seriesInstanceUid: item.seriesInstanceUid,
  modality: text(item, 'Modality'),
  description: text(item, 'SeriesDescription'),
  ...times([item]),
});
