/**
 * The `headers` of dcm-processor 1: the tree of a patient with its studies and series, each with its tags. Ids are
 * those of the documents of version 2, so the SDK finds a series by them; `dcmpath` is relative to `DATA`.
 */
import type { SimplifiedTags } from '../dicom/simplified-tags.ts';
import type { PatientDocument, SeriesDocument } from './documents.ts';

/** What Orthanc keeps of a patient and of a study (its main DICOM tags). */
const MAIN_TAGS = {
  patient: ['PatientName', 'PatientID', 'PatientBirthDate', 'PatientSex', 'OtherPatientIDs'],
  study: [
    ...['StudyInstanceUID', 'StudyID', 'StudyDate', 'StudyTime', 'StudyDescription'],
    ...['AccessionNumber', 'ReferringPhysicianName', 'RequestingPhysician', 'InstitutionName'],
    'RequestedProcedureDescription',
  ],
} as const;

const picked = (tags: SimplifiedTags, keywords: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    keywords.flatMap((keyword) => {
      const text = tags[keyword];
      return text === undefined ? [] : [[keyword, text]];
    }),
  );

/** `tagsOf` gives the tags of a series' first instance. */
export const v1Headers = (
  patient: PatientDocument,
  tagsOf: (series: SeriesDocument) => SimplifiedTags,
): Record<string, unknown> => {
  const first = patient.studies[0]?.series[0];
  return {
    id: patient.objectId,
    dcmpath: `dicom/${patient.objectId}`,
    studyIds: patient.studies.map(({ objectId }) => objectId),
    seriesIds: patient.studies.flatMap(({ series }) => series.map(({ objectId }) => objectId)),
    tags: first === undefined ? {} : picked(tagsOf(first), MAIN_TAGS.patient),
    studies: patient.studies.map(({ objectId, series }) => ({
      id: objectId,
      tags: series[0] === undefined ? {} : picked(tagsOf(series[0]), MAIN_TAGS.study),
      series: series.map((one) => ({ id: one.objectId, tags: tagsOf(one) })),
    })),
  };
};
