/** The attributes of each level that dcm-processor's `headers.Metadata` has, by keyword (PS3.6). */

const PATIENT = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'PatientBirthDate',
  'PatientSex',
  'PatientAge',
  'PatientSize',
  'PatientWeight',
  'PatientAddress',
  'EthnicGroup',
  'PatientComments',
] as const;

const STUDY = [
  'StudyInstanceUID',
  'StudyID',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'StudyDescription',
  'ReferringPhysicianName',
  'StudyStatusID',
  'StudyPriorityID',
  'AdmittingDiagnosesDescription',
] as const;

const SERIES = [
  'SeriesInstanceUID',
  'SeriesNumber',
  'Modality',
  'SeriesDescription',
  'BodyPartExamined',
  'Laterality',
  'ProtocolName',
  'OperatorsName',
  'SeriesDate',
  'SeriesTime',
  'PatientPosition',
  'PerformedProcedureStepID',
] as const;

/** A level's own keywords after those of the levels above it. */
export const HEADER_KEYWORDS = {
  patient: [...PATIENT],
  study: [...PATIENT, ...STUDY],
  series: [...PATIENT, ...STUDY, ...SERIES],
} as const;
