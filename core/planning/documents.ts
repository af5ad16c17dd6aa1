/**
 * The `headers` documents of a group's series, studies and patients, as dcm-processor's callbacks know them,
 * made of the sealed manifest alone. Their `_id`s are hashes of what they identify: whoever has the manifest
 * finds the series or the instance that an id means, and a later group of the same series has the same id.
 */
import { isoTime } from '../contracts/day.ts';
import { createHash } from 'node:crypto';
import type { GroupManifest, HeaderAttributes, ManifestInstance } from '../contracts/items.ts';
import { documentId } from '../contracts/keys.ts';
import type { Level } from '../contracts/vocabulary.ts';
import { HEADER_KEYWORDS } from './header-keywords.ts';

interface Document<L extends Level> {
  readonly level: L;
  /** The `_id` of {@link headers}. */
  readonly objectId: string;
  /** Series or Study Instance UID; of a patient, the Patient ID. */
  readonly uid: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface SeriesDocument extends Document<'series'> {
  /** In the order of arrival; `id` is the instance's entry in `headers.Instances`. */
  readonly instances: readonly { readonly id: string; readonly instance: ManifestInstance }[];
}

export interface StudyDocument extends Document<'study'> {
  readonly series: readonly SeriesDocument[];
}

export interface PatientDocument extends Document<'patient'> {
  readonly studies: readonly StudyDocument[];
}

type ManifestSeries = GroupManifest['series'][number];

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/**
 * dcm-processor's `PatientUID`: SHA-256, hex, of the Patient ID with its issuer; without an ID of name, birth
 * date and sex; without a name of the study.
 */
export const patientUid = (series: ManifestSeries): string => {
  const { attributes } = series;
  const id = series.patientId.trim();
  const parts =
    id !== ''
      ? [id, series.issuerOfPatientId.trim()]
      : textOf(attributes['PatientName']) !== ''
        ? ['PatientName', 'PatientBirthDate', 'PatientSex'].map((name) => textOf(attributes[name]))
        : [series.studyInstanceUid];
  const text = parts.filter((part) => part !== '').join('::');
  return createHash('sha256').update(text, 'utf8').digest('hex');
};

/** dcm-processor's `PeerUID`: who sent the object, told by the calling AE title. */
export const peerUid = (callingAeTitle: string): string => documentId('peer', callingAeTitle);

const metadata = (level: Level, attributes: HeaderAttributes): Record<string, unknown> =>
  Object.fromEntries(
    HEADER_KEYWORDS[level]
      .filter((keyword) => attributes[keyword] !== undefined)
      .map((keyword) => [keyword, attributes[keyword]]),
  );

/** What the document of every level says about when it came and from whom. */
const arrival = (instances: readonly ManifestInstance[]) => {
  let first = instances[0];
  let last = first;
  for (const instance of instances) {
    if (first !== undefined && instance.receivedAt < first.receivedAt) first = instance;
    if (last !== undefined && instance.receivedAt > last.receivedAt) last = instance;
  }
  return {
    peer: { PeerUID: peerUid(first?.callingAeTitle ?? '') },
    times: {
      CreatedAt: isoTime(first?.receivedAt ?? 0),
      UpdatedAt: isoTime(last?.receivedAt ?? 0),
    },
  };
};

const modalities = (series: readonly ManifestSeries[]): unknown[] => [
  ...new Set(
    series
      .map(({ attributes }) => attributes['Modality'])
      .filter((modality) => modality !== undefined && modality !== null),
  ),
];

/** In the order in which the keys first appear. */
const groupedBy = <T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly { readonly key: string; readonly members: readonly [T, ...T[]] }[] => {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [item]);
    else members.push(item);
  }
  return [...groups].map(([key, members]) => ({ key, members }));
};

const instancesOf = (series: readonly ManifestSeries[]): ManifestInstance[] =>
  series.flatMap(({ instances }) => instances);

const describeSeries = (
  aeTitle: string,
  patient: string,
  parts: readonly [ManifestSeries, ...ManifestSeries[]],
): SeriesDocument => {
  const [{ studyInstanceUid, seriesInstanceUid, attributes }] = parts;
  const objectId = documentId('series', aeTitle, patient, studyInstanceUid, seriesInstanceUid);
  const received = instancesOf(parts);
  // Two versions of one SOP instance may be in a group: the hash of the data set tells them apart.
  const instances = received.map((instance) => ({
    id: documentId('instance', objectId, instance.sopInstanceUid, instance.sha256),
    instance,
  }));
  const { peer, times } = arrival(received);
  return {
    level: 'series',
    objectId,
    uid: seriesInstanceUid,
    headers: {
      _id: objectId,
      PatientUID: patient,
      StudyInstanceUID: studyInstanceUid,
      SeriesInstanceUID: seriesInstanceUid,
      ...peer,
      Instances: instances.map(({ id }) => id),
      Metadata: metadata('series', attributes),
      ...times,
    },
    instances,
  };
};

const describeStudy = (
  aeTitle: string,
  patient: string,
  members: readonly [ManifestSeries, ...ManifestSeries[]],
): StudyDocument => {
  const [{ studyInstanceUid, attributes }] = members;
  const objectId = documentId('study', aeTitle, patient, studyInstanceUid);
  const series = groupedBy(members, ({ seriesInstanceUid }) => seriesInstanceUid).map((parts) =>
    describeSeries(aeTitle, patient, parts.members),
  );
  const { peer, times } = arrival(instancesOf(members));
  return {
    level: 'study',
    objectId,
    uid: studyInstanceUid,
    headers: {
      _id: objectId,
      PatientUID: patient,
      StudyInstanceUID: studyInstanceUid,
      ...peer,
      Series: series.map((one) => one.objectId),
      Metadata: { ...metadata('study', attributes), ModalitiesInStudy: modalities(members) },
      ...times,
    },
    series,
  };
};

/** Patients, studies and series in the order in which their first instance arrived. */
export const describeGroup = (manifest: GroupManifest): readonly PatientDocument[] =>
  groupedBy(manifest.series, patientUid).map(({ key: patient, members }) => {
    const { aeTitle } = manifest;
    const objectId = documentId('patient', aeTitle, patient);
    const studies = groupedBy(members, ({ studyInstanceUid }) => studyInstanceUid).map((parts) =>
      describeStudy(aeTitle, patient, parts.members),
    );
    const { peer, times } = arrival(instancesOf(members));
    return {
      level: 'patient',
      objectId,
      uid: members[0].patientId,
      headers: {
        _id: objectId,
        PatientUID: patient,
        ...peer,
        Studies: studies.map((one) => one.objectId),
        Metadata: {
          ...metadata('patient', members[0].attributes),
          ModalitiesInPatient: modalities(members),
        },
        ...times,
      },
      studies,
    };
  });
