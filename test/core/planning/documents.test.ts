/** The headers documents, as service code of dcm-processor knows them. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeGroup, patientUid, peerUid } from '../../../core/planning/documents.ts';
import { eventsOfGroup } from '../../../core/planning/events.ts';
import { aManifest, anInstance, aSeries, START } from './factories.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const ATTRIBUTES = {
  PatientID: 'P1',
  PatientName: 'Doe^Jane',
  PatientAge: 54,
  StudyInstanceUID: '1.1',
  StudyDescription: 'Thorax',
  SeriesInstanceUID: '1.1.1',
  SeriesNumber: 3,
  Modality: 'CT',
  Manufacturer: 'is of no level',
};

const GROUP = aManifest({
  series: [
    aSeries({
      attributes: ATTRIBUTES,
      instances: [
        anInstance({ sopInstanceUid: '1', receivedAt: START + 1 }),
        anInstance({ sopInstanceUid: '2', receivedAt: START + 9 }),
      ],
    }),
    aSeries({
      studyInstanceUid: '1.2',
      seriesInstanceUid: '1.2.1',
      attributes: { ...ATTRIBUTES, StudyDescription: 'Abdomen', Modality: 'MR' },
      instances: [anInstance({ sopInstanceUid: '3', receivedAt: START + 2 })],
    }),
    aSeries({
      seriesInstanceUid: '1.1.2',
      attributes: { ...ATTRIBUTES, Modality: 'CT' },
      instances: [
        anInstance({ sopInstanceUid: '4', receivedAt: START + 20, callingAeTitle: 'CT2' }),
      ],
    }),
  ],
});

const times = (created: number, updated: number) => ({
  CreatedAt: new Date(START + created).toISOString(),
  UpdatedAt: new Date(START + updated).toISOString(),
});

describe('headers', () => {
  const [patient] = describeGroup(GROUP);
  const [study, other] = patient?.studies ?? [];
  const [series, second] = study?.series ?? [];

  it('of a series hold its instances, and the attributes of all three levels', () => {
    expect(series?.headers).toEqual({
      _id: series?.objectId,
      PatientUID: sha256('P1'),
      StudyInstanceUID: '1.1',
      SeriesInstanceUID: '1.1.1',
      PeerUID: peerUid('CT1'),
      Instances: series?.instances.map(({ id }) => id),
      Metadata: {
        PatientName: 'Doe^Jane',
        PatientID: 'P1',
        PatientAge: 54,
        StudyInstanceUID: '1.1',
        StudyDescription: 'Thorax',
        SeriesInstanceUID: '1.1.1',
        SeriesNumber: 3,
        Modality: 'CT',
      },
      ...times(1, 9),
    });
  });

  it('of a study hold its series in order of arrival, and its modalities once each', () => {
    expect(study?.headers).toEqual({
      _id: study?.objectId,
      PatientUID: sha256('P1'),
      StudyInstanceUID: '1.1',
      PeerUID: peerUid('CT1'),
      Series: [series?.objectId, second?.objectId],
      Metadata: {
        PatientName: 'Doe^Jane',
        PatientID: 'P1',
        PatientAge: 54,
        StudyInstanceUID: '1.1',
        StudyDescription: 'Thorax',
        ModalitiesInStudy: ['CT'],
      },
      ...times(1, 20),
    });
  });

  it('of a patient hold the studies and all modalities', () => {
    expect(patient?.headers).toEqual({
      _id: patient?.objectId,
      PatientUID: sha256('P1'),
      PeerUID: peerUid('CT1'),
      Studies: [study?.objectId, other?.objectId],
      Metadata: {
        PatientName: 'Doe^Jane',
        PatientID: 'P1',
        PatientAge: 54,
        ModalitiesInPatient: ['CT', 'MR'],
      },
      ...times(1, 20),
    });
  });

  it('have ids of 24 hexadecimal digits, all different', () => {
    const ids = [patient, study, other, series, second].map((one) => one?.objectId ?? '');
    const instances = [series, second].flatMap((one) => one?.instances.map(({ id }) => id) ?? []);

    expect([...ids, ...instances].every((id) => /^[0-9a-f]{24}$/.test(id))).toBe(true);
    expect(new Set([...ids, ...instances]).size).toBe(8);
  });

  it('have the same ids in a later group of the same series', () => {
    const later = { ...GROUP, groupId: 'b0b0b0b0b0b0b0b0b0b0-g2', sealedAt: START + 1e6 };

    expect(describeGroup(later)).toEqual(describeGroup(GROUP));
  });

  it('tell two versions of one SOP instance apart', () => {
    const versions = ['aa', 'bb'].map((digits) => anInstance({ sha256: digits.repeat(32) }));
    const [{ studies } = { studies: [] }] = describeGroup(
      aManifest({ series: [aSeries({ instances: versions })] }),
    );

    expect(new Set(studies[0]?.series[0]?.instances.map(({ id }) => id)).size).toBe(2);
  });

  it('of a modality that is not there do not list it', () => {
    const [patient] = describeGroup(aManifest());

    expect(patient?.headers['Metadata']).toEqual({ ModalitiesInPatient: [] });
  });
});

describe('the PatientUID', () => {
  it.each([
    ['the Patient ID', { patientId: 'P1' }, 'P1'],
    ['the Patient ID with its issuer', { patientId: 'P1', issuerOfPatientId: 'HOSP' }, 'P1::HOSP'],
    [
      'name, birth date and sex when there is no Patient ID',
      {
        patientId: '',
        attributes: { PatientName: 'A^B', PatientBirthDate: '20000101', PatientSex: 'F' },
      },
      'A^B::20000101::F',
    ],
    [
      'those of the three that are there',
      { patientId: '', attributes: { PatientName: 'A^B', PatientSex: 'F' } },
      'A^B::F',
    ],
    [
      'the study when there is no name either',
      { patientId: '', attributes: { PatientSex: 'F' } },
      '1.1',
    ],
  ])('is the hash of %s', (_what, facts, text) => {
    expect(patientUid(aSeries(facts))).toBe(sha256(text));
  });

  it('tells two patients of one group apart', () => {
    const group = aManifest({
      groupBy: ['AccessionNumber'],
      series: [
        aSeries(),
        aSeries({ issuerOfPatientId: 'OTHER' }),
        aSeries({ seriesInstanceUid: '1.1.9' }),
      ],
    });

    expect(describeGroup(group).map(({ studies }) => studies[0]?.series.length)).toEqual([2, 1]);
  });
});

describe('the events of a group', () => {
  const [series, study, patient] = ['stable-series', 'stable-study', 'stable-patient'];

  it.each([
    [['SeriesInstanceUID'], [series]],
    [['StudyInstanceUID'], [series, study]],
    [['PatientID'], [series, study, patient]],
    [['AccessionNumber'], [series, study, patient]],
    [
      ['StudyInstanceUID', 'Modality'],
      [series, study, patient],
    ],
  ])('by %j are %j', (groupBy, events) => {
    expect(eventsOfGroup(groupBy)).toEqual(events);
  });
});
