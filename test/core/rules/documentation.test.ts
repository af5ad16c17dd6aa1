/** The examples of docs/rules.md, as they stand there: each compiles, matches what it is about, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRule } from '../../../core/rules/rule.ts';
import { FUNCTIONS } from '../../../core/rules/rule-words.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'rules.md'), 'utf8');
const examples = [...PAGE.matchAll(/```jsonata\n(.*?)```/gs)].map(([, text = '']) => text);

type Instances = readonly Readonly<Record<string, unknown>>[];

const times = (count: number, instance: Instances[number]): Instances =>
  Array.from({ length: count }, () => instance);
const MR = { Modality: 'MR', ImageType: ['ORIGINAL', 'PRIMARY'], MagneticFieldStrength: 1.5 };
const STEP = { RequestAttributesSequence: [{ ScheduledProcedureStepID: 'STEP-7' }] };

/** In the order of the page: a group that matches, and one that does not. */
const GROUPS: readonly (readonly [yes: Instances, no: Instances])[] = [
  [
    times(20, { Modality: 'CT', SliceThickness: 1 }),
    [...times(19, { Modality: 'CT', SliceThickness: 1 }), { Modality: 'CT', SliceThickness: 5 }],
  ],
  [[{ Modality: 'CT' }, { Modality: 'RTSTRUCT' }], [{ Modality: 'CT' }]],
  [
    [{ SeriesDescription: 'CT Thorax 1.0' }, { SeriesDescription: 'Scout' }],
    [{ SeriesDescription: 'Knee' }],
  ],
  [
    [MR, MR],
    [MR, { ...MR, ImageType: ['DERIVED', 'SECONDARY'] }],
  ],
  [[{ PatientAge: 54, ...STEP }], [{ PatientAge: 17, ...STEP }]],
];

const ask = (text: string, instances: Instances) => {
  const reading = readRule(text);
  if (!reading.ok) throw new Error(reading.problems.join('; '));
  return reading.rule.evaluate({ instances });
};

describe('docs/rules.md', () => {
  it('has as many examples as are tested', () => {
    expect(examples).toHaveLength(GROUPS.length);
  });

  it.each(GROUPS.map((group, index) => [examples[index] ?? '', ...group] as const))(
    'has an example that says what its title says: %s',
    async (text, yes, no) => {
      expect((await ask(text, yes)).outcome).toBe('matched');
      expect((await ask(text, no)).outcome).toBe('not-matched');
    },
  );

  it('names every function that there is', () => {
    expect([...FUNCTIONS].filter((name) => !PAGE.includes(`\`$${name}`))).toEqual([]);
  });
});
