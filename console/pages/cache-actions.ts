/** What can be made of chosen studies: a session, or room. */
import type { Pipeline } from '../../core/contracts/api-configuration.ts';
import { PRIORITIES } from '../../core/contracts/vocabulary.ts';
import { element, type View } from '../lib/view.ts';
import { count } from '../lib/words.ts';
import {
  choiceText,
  patientKey,
  patientsOf,
  patientText,
  studyText,
  type Choice,
  type Patient,
  type Study,
} from './cache-choice.ts';
import { confirmation } from './confirmation.ts';
import { button } from './parts.ts';

export interface ComposeForm {
  readonly choice: Choice;
  readonly pipelines: readonly Pipeline[];
  /** The AE title's. */
  readonly priority: string;
  readonly busy: boolean;
  /** What has to be done first. */
  readonly missing: string | undefined;
  readonly set: (values: Partial<Pick<Choice, 'pipeline' | 'priority' | 'acrossPatients'>>) => void;
  readonly compose: () => void;
  readonly clean: () => void;
}

const select = (
  id: string,
  label: string,
  value: string,
  options: readonly (readonly [string, string])[],
  onchoose: (value: string) => void,
): View =>
  element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label),
    element(
      'select',
      {
        id,
        value,
        onchange: (field) => {
          onchoose(field.value);
        },
      },
      options.map(([name, text]) => element('option', { key: name, value: name }, text)),
    ),
  );

const pipelineText = ({ id, name, services }: Pipeline): string =>
  `${name === id ? id : `${name} (${id})`}: ${services.length === 0 ? 'all installed services' : services.join(', ')}`;

export const composeForm = (form: ComposeForm): View => {
  const { choice, pipelines, priority, busy, set } = form;
  const nothing = choice.studies.length === 0;
  const several = patientsOf(choice.studies) > 1;
  return element(
    'form',
    {
      class: 'compose',
      'aria-label': 'What to do with the chosen studies',
      onsubmit: () => {
        if (form.missing === undefined && !busy) form.compose();
      },
    },
    element('h2', {}, nothing ? 'No study is chosen' : `${choiceText(choice.studies)} chosen`),
    element(
      'div',
      { class: 'row' },
      select(
        'pipeline',
        'Pipeline',
        choice.pipeline,
        [['', 'Choose …'], ...pipelines.map((one) => [one.id, pipelineText(one)] as const)],
        (pipeline) => {
          set({ pipeline });
        },
      ),
      select(
        'priority',
        'Priority',
        choice.priority,
        [
          ['', `${priority} (as the AE title has it)`],
          ...PRIORITIES.map((one) => [one, one] as const),
        ],
        (value) => {
          set({ priority: value });
        },
      ),
    ),
    several &&
      element(
        'label',
        { class: 'choice warning' },
        element('input', {
          type: 'checkbox',
          checked: choice.acrossPatients,
          onchange: ({ checked }) => {
            set({ acrossPatients: checked });
          },
        }),
        `One session of ${patientsOf(choice.studies)} patients is meant`,
      ),
    element(
      'div',
      { class: 'buttons' },
      button('Compose a session', form.compose, {
        type: 'submit',
        onclick: undefined,
        class: 'strong',
        disabled: busy || form.missing !== undefined,
        'aria-describedby': 'missing',
      }),
      button('Clean up …', form.clean, { disabled: busy || nothing }),
      element(
        'span',
        { id: 'missing', class: 'hint' },
        busy ? 'One moment …' : (form.missing ?? ''),
      ),
    ),
  );
};

export interface CleaningQuestion {
  readonly aeTitle: string;
  readonly studies: readonly Study[];
  readonly patients: readonly Patient[];
  readonly onCancel: () => void;
  readonly onConfirm: () => void;
}

/** Names everything that goes, patient by patient. */
export const cleaningQuestion = ({
  aeTitle,
  studies,
  patients,
  ...answers
}: CleaningQuestion): View => {
  const ofPatient = Map.groupBy(studies, patientKey);
  return confirmation({
    title: `Delete ${choiceText(studies)} from ${aeTitle}?`,
    content: [
      patients.map((patient) => {
        const going = ofPatient.get(patientKey(patient)) ?? [];
        return (
          going.length > 0 &&
          element(
            'section',
            { key: patientKey(patient) },
            element('h3', {}, patientText(patient)),
            element(
              'ul',
              {},
              going.map((study) =>
                element(
                  'li',
                  { key: study.studyInstanceUid },
                  `${studyText(study)}, ${count(study.series, 'series', 'series')} `,
                  element('span', { class: 'id' }, study.studyInstanceUid),
                ),
              ),
            ),
          )
        );
      }),
      element(
        'p',
        {},
        'Their images are deleted as soon as no open group, no running session and no legal hold needs them. What other AE titles received stays. This cannot be taken back.',
      ),
    ],
    deletes: true,
    action: `Delete ${count(studies.length, 'study', 'studies')}`,
    ...answers,
  });
};
