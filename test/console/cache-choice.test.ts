import { describe, expect, it } from 'vitest';
import { Composition } from '../../core/contracts/api-cache.ts';
import {
  choiceText,
  compositionOf,
  isMeant,
  missing,
  patientText,
  type Choice,
  type Patient,
  type Study,
} from '../../console/pages/cache-choice.ts';

const received = {
  firstReceivedAt: '2026-05-31T12:00:00.000Z',
  lastReceivedAt: '2026-05-31T12:00:09.000Z',
};

const aStudy = (values: Partial<Study> = {}): Study => ({
  ...{ aeTitle: 'KEEP', patientId: 'P1', issuerOfPatientId: '' },
  ...{ studyInstanceUid: '1.2.3', accessionNumber: 'A7', studyDate: '20260531' },
  ...{ description: 'CT Thorax', modalities: ['CT'], series: 2 },
  ...received,
  ...values,
});

const aPatient = (values: Partial<Patient> = {}): Patient => ({
  ...{ aeTitle: 'KEEP', patientId: 'P1', issuerOfPatientId: '', patientName: 'LOVELACE^ADA' },
  studies: 1,
  ...received,
  ...values,
});

const aChoice = (values: Partial<Choice> = {}): Choice => ({
  ...{ aeTitle: 'KEEP', studies: [aStudy()], pipeline: 'fusion', priority: '' },
  ...{ acrossPatients: false, name: 'console-1' },
  ...values,
});

const ofTwo = [aStudy(), aStudy({ studyInstanceUid: '1.2.4', patientId: 'P2' })];

describe('a choice of studies', () => {
  it('is complete with studies and a pipeline', () => {
    expect(missing(aChoice())).toBeUndefined();
    expect(missing(aChoice({ studies: [] }))).toContain('at least one study');
    expect(missing(aChoice({ pipeline: '' }))).toContain('pipeline');
  });

  it('of several patients has to be confirmed', () => {
    expect(missing(aChoice({ studies: ofTwo }))).toContain('several patients');
    expect(missing(aChoice({ studies: ofTwo, acrossPatients: true }))).toBeUndefined();
  });

  it('counts two patients where the same ID was given by two issuers', () => {
    const studies = [aStudy(), aStudy({ studyInstanceUid: '1.2.4', issuerOfPatientId: 'NORTH' })];

    expect(choiceText(studies)).toBe('2 studies of 2 patients');
    expect(missing(aChoice({ studies }))).toContain('several patients');
  });

  it('is sent as the API describes it, and never as several patients’ when it is one’s', () => {
    const one = compositionOf(aChoice({ acrossPatients: true, priority: 'higher' }));
    const several = compositionOf(aChoice({ studies: ofTwo, acrossPatients: true }));

    expect(Composition.parse(one)).toEqual({
      ...{ aeTitle: 'KEEP', studies: ['1.2.3'], pipeline: 'fusion', name: 'console-1' },
      priority: 'higher',
    });
    expect(Composition.parse(several)).toMatchObject({
      studies: ['1.2.3', '1.2.4'],
      acrossPatients: true,
    });
  });
});

describe('a study', () => {
  it.each(['lovelace, a', 'LOVELACE^', 'p1', 'a7', 'thorax', '2026-05', 'ct', '1.2.3', '  '])(
    'is found by “%s”',
    (text) => {
      expect(isMeant(text, aStudy(), aPatient())).toBe(true);
    },
  );

  it('is not found by what it has not', () => {
    expect(isMeant('MR', aStudy(), aPatient())).toBe(false);
  });

  it('belongs to a patient whose lacking name or ID is said', () => {
    expect(patientText(aPatient())).toBe('LOVELACE, ADA, ID P1');
    expect(patientText(aPatient({ patientName: '', patientId: '' }))).toBe('No name, ID none');
  });
});
