/** What a cache has, as a table: patients, below each its studies to choose from, below each of these its series. */
import type { z } from 'zod';
import type { CachedSeries } from '../../core/contracts/api-cache.ts';
import { element, type View } from '../lib/view.ts';
import { count, dicomDate, orNone } from '../lib/words.ts';
import { patientKey, patientText, studyText, type Patient, type Study } from './cache-choice.ts';
import { button, scrolled, storyAddress, table, tableHead, timeOf } from './parts.ts';

export type Series = z.infer<typeof CachedSeries>;

export interface CacheTable {
  readonly patients: readonly Patient[];
  /** Those that are shown. */
  readonly studies: readonly Study[];
  readonly chosen: ReadonlySet<string>;
  /** Of studies that are opened: undefined while they are read. */
  readonly series: ReadonlyMap<string, readonly Series[] | undefined>;
  readonly choose: (studies: readonly Study[], chosen: boolean) => void;
  readonly toggleSeries: (study: Study) => void;
}

const COLUMNS = [
  { title: 'Study' },
  { title: 'Date' },
  { title: 'Modalities' },
  { title: 'Accession' },
  { title: 'Series', figure: true },
  { title: 'First image' },
  { title: 'Last image' },
  { title: 'More' },
] as const;

const checkbox = (
  label: string,
  checked: boolean,
  onchange: (field: { readonly checked: boolean }) => void,
  text: View,
): View =>
  element(
    'label',
    { class: 'choice' },
    element('input', { type: 'checkbox', checked, onchange, 'aria-label': label }),
    text,
  );

const seriesView = (series: readonly Series[] | undefined): View =>
  series === undefined
    ? 'Loading …'
    : series.length === 0
      ? 'The study has no series any more.'
      : table(
          'Series of the study',
          [
            ...[{ title: 'Series' }, { title: 'Modality' }],
            ...[{ title: 'First image' }, { title: 'Last image' }, { title: 'UID' }],
          ],
          series.map((one) => ({
            key: one.seriesInstanceUid,
            cells: [
              orNone(one.description, 'No description'),
              one.modality,
              timeOf(one.firstReceivedAt),
              timeOf(one.lastReceivedAt),
              element('span', { class: 'id' }, one.seriesInstanceUid),
            ],
          })),
        );

const studyRows = (study: Study, { chosen, series, choose, toggleSeries }: CacheTable): View => {
  const { studyInstanceUid: uid } = study;
  const isOpen = series.has(uid);
  return [
    element(
      'tr',
      { key: uid, class: chosen.has(uid) ? 'study chosen' : 'study' },
      element(
        'th',
        { scope: 'row', 'data-title': 'Study' },
        checkbox(
          `Choose ${studyText(study)}`,
          chosen.has(uid),
          ({ checked }) => {
            choose([study], checked);
          },
          orNone(study.description, 'No description'),
        ),
      ),
      element('td', {}, dicomDate(study.studyDate)),
      element('td', {}, study.modalities.join(' ')),
      element('td', {}, study.accessionNumber),
      element('td', { class: 'figure' }, String(study.series)),
      element('td', {}, timeOf(study.firstReceivedAt)),
      element('td', {}, timeOf(study.lastReceivedAt)),
      element(
        'td',
        {},
        button(
          isOpen ? 'Hide series' : 'Series',
          () => {
            toggleSeries(study);
          },
          {
            'aria-expanded': String(isOpen),
            'aria-label': `${isOpen ? 'Hide the series' : 'Series'} of ${studyText(study)}`,
          },
        ),
      ),
    ),
    isOpen &&
      element(
        'tr',
        { key: `${uid} below`, class: 'below' },
        element(
          'td',
          { colspan: COLUMNS.length },
          seriesView(series.get(uid)),
          element(
            'p',
            {},
            element('span', { class: 'id' }, uid),
            ' ',
            element('a', { href: storyAddress(uid) }, 'Its story'),
          ),
        ),
      ),
  ];
};

const patientRows = (patient: Patient, studies: readonly Study[], shown: CacheTable): View => {
  const all = studies.every(({ studyInstanceUid }) => shown.chosen.has(studyInstanceUid));
  const text = patientText(patient);
  return element(
    'tbody',
    { key: patientKey(patient) },
    element(
      'tr',
      { class: 'patient' },
      element(
        'th',
        { scope: 'rowgroup', colspan: COLUMNS.length },
        checkbox(
          `Choose all studies of ${text}`,
          all,
          ({ checked }) => {
            shown.choose(studies, checked);
          },
          [
            element('strong', {}, text),
            ` ${count(patient.studies, 'study', 'studies')}`,
            studies.length < patient.studies && `, ${studies.length} shown`,
          ],
        ),
      ),
    ),
    studies.map((study) => studyRows(study, shown)),
  );
};

export const cacheTable = (shown: CacheTable): View => {
  const ofPatient = Map.groupBy(shown.studies, patientKey);
  return scrolled(
    'Patients and studies of the cache',
    tableHead(COLUMNS),
    shown.patients.map((patient) => {
      const studies = ofPatient.get(patientKey(patient)) ?? [];
      return studies.length > 0 && patientRows(patient, studies, shown);
    }),
  );
};
