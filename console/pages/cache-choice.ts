/** What a person has chosen of a cache, and what is to be made of it. Pure: functions of values. */
import type { z } from 'zod';
import type { CachedPatient, CachedStudy, Composition } from '../../core/contracts/api-cache.ts';
import { count, dicomDate, orNone, personName } from '../lib/words.ts';

export type Patient = z.infer<typeof CachedPatient>;
export type Study = z.infer<typeof CachedStudy>;

interface OfPatient {
  readonly patientId: string;
  readonly issuerOfPatientId: string;
}

/** A Patient ID alone says who somebody is only together with who gave it (PS3.3 section C.2.2). */
export const patientKey = ({ patientId, issuerOfPatientId }: OfPatient): string =>
  JSON.stringify([patientId, issuerOfPatientId]);

export const patientText = ({ patientId, issuerOfPatientId, patientName }: Patient): string =>
  [
    orNone(personName(patientName), 'No name'),
    `ID ${orNone(patientId, 'none')}${issuerOfPatientId === '' ? '' : ` (${issuerOfPatientId})`}`,
  ].join(', ');

export const studyText = ({ studyDate, description, modalities, accessionNumber }: Study): string =>
  [
    studyDate === '' ? 'no date' : dicomDate(studyDate),
    modalities.filter((one) => one !== '').join(' '),
    orNone(description, 'no description'),
    accessionNumber === '' ? '' : `accession ${accessionNumber}`,
  ]
    .filter((part) => part !== '')
    .join(', ');

export const patientsOf = (studies: readonly Study[]): number =>
  new Set(studies.map(patientKey)).size;

/** `3 studies of 2 patients`. */
export const choiceText = (studies: readonly Study[]): string =>
  `${count(studies.length, 'study', 'studies')} of ${count(patientsOf(studies), 'patient', 'patients')}`;

/** Whether one of the words that a person knows a study by has `text` in it, in any letter case. */
export const isMeant = (text: string, study: Study, patient: Patient | undefined): boolean => {
  const wanted = text.trim().toLowerCase();
  return [
    ...(patient === undefined ? [] : [patient.patientName, personName(patient.patientName)]),
    ...[study.patientId, study.accessionNumber, study.description, study.studyInstanceUid],
    ...[study.studyDate, dicomDate(study.studyDate), ...study.modalities],
  ].some((word) => word.toLowerCase().includes(wanted));
};

export interface Choice {
  readonly aeTitle: string;
  readonly studies: readonly Study[];
  readonly pipeline: string;
  /** Empty: the AE title's. */
  readonly priority: string;
  readonly acrossPatients: boolean;
  /** The same name and choice make one session, however often they are sent. */
  readonly name: string;
}

/** What has to be done before a session can be composed, as a sentence; undefined if nothing. */
export const missing = ({ studies, pipeline, acrossPatients }: Choice): string | undefined => {
  if (studies.length === 0) return 'Choose at least one study.';
  if (pipeline === '') return 'Choose a pipeline.';
  if (patientsOf(studies) > 1 && !acrossPatients) {
    return 'The studies are of several patients: confirm that this is meant.';
  }
  return undefined;
};

export const compositionOf = (choice: Choice): z.infer<typeof Composition> => ({
  aeTitle: choice.aeTitle,
  studies: choice.studies.map(({ studyInstanceUid }) => studyInstanceUid),
  pipeline: choice.pipeline,
  name: choice.name,
  ...(choice.priority === '' ? {} : { priority: choice.priority }),
  ...(patientsOf(choice.studies) > 1 ? { acrossPatients: choice.acrossPatients } : {}),
});
