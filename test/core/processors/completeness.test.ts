/** Declared inputs: which of them a group has, and since when. */
import { describe, expect, it } from 'vitest';
import { readDeclaredInputs } from '../../../core/configuration/declared-inputs.ts';
import type { DeclaredInput } from '../../../core/contracts/configuration.ts';
import { inputReports, inputsText, isComplete } from '../../../core/processors/completeness.ts';
import { aGroup, anInstance } from '../../support/groups.ts';

const GROUP = aGroup({ keyValues: ['1.2.3'] });

const ct: DeclaredInput = {
  name: 'ct',
  match: 'Modality = "CT"',
  count: 'ImagesInAcquisition',
  countOf: 'instances',
};
const plan: DeclaredInput = {
  name: 'plan',
  match: 'Modality = "RTSTRUCT"',
  count: 1,
  countOf: 'series',
};

const image = (number: number, declared: Record<string, unknown> | undefined) =>
  anInstance(GROUP, `1.2.${String(number)}`, {
    ...(declared === undefined ? {} : { declared }),
    receivedAt: 1000 + number,
    seriesInstanceUid: `1.3.${String(number % 2)}`,
  });

const slices = (count: number, expected: number) =>
  Array.from({ length: count }, (_, index) =>
    image(index, { Modality: 'CT', ImagesInAcquisition: expected }),
  );

describe('declared inputs', () => {
  it('are met when as many have come as an attribute says, since the one that made it so', async () => {
    const reports = await inputReports(
      [ct, plan],
      [...slices(4, 3), image(9, { Modality: 'RTSTRUCT' })],
    );

    expect(reports).toEqual([
      { name: 'ct', have: 4, want: 3, metAt: 1002 },
      { name: 'plan', have: 1, want: 1, metAt: 1009 },
    ]);
    expect(isComplete(reports)).toBe(true);
  });

  it('tell what is missing, and that nobody has told how much', async () => {
    const some = await inputReports([ct, plan], slices(2, 3));
    const none = await inputReports([ct], [image(1, { Modality: 'CT' })]);

    expect(isComplete(some)).toBe(false);
    expect(inputsText(some)).toBe('"ct" has 2 of 3; "plan" has 0 of 1');
    expect(none).toEqual([{ name: 'ct', have: 1, want: null }]);
    expect(isComplete(none)).toBe(false);
  });

  it('count distinct instances, series or studies', async () => {
    const twice = [...slices(4, 4), ...slices(4, 4)];
    const counted = await Promise.all(
      (['instances', 'series', 'studies'] as const).map(async (countOf) => {
        const [report] = await inputReports([{ ...ct, count: 9, countOf }], twice);
        return report?.have;
      }),
    );

    expect(counted).toEqual([4, 2, 1]);
  });

  it('are not met by what cannot be read or decided, and say so', async () => {
    const unreadable = await inputReports([plan], [image(1, undefined)]);
    const broken = await inputReports(
      [{ ...plan, match: 'SliceThickness < 2' }],
      [image(1, { Modality: 'RTSTRUCT' })],
    );

    expect(unreadable[0]).toMatchObject({ have: 0 });
    expect(unreadable[0]?.problem).toContain('could not be read');
    expect(broken[0]?.problem).toContain('not there');
  });

  it('are not there at all without any', () => {
    expect(isComplete([])).toBe(false);
  });
});

describe('declared inputs as a person writes them', () => {
  it('count instances unless they say what else', () => {
    expect(readDeclaredInputs([{ name: 'ct', match: 'Modality = "CT"', count: 20 }])).toEqual({
      ok: true,
      inputs: [{ name: 'ct', match: 'Modality = "CT"', count: 20, countOf: 'instances' }],
    });
  });

  it('are refused with every problem and its place', () => {
    const reading = readDeclaredInputs([
      { name: '', match: 'Modallity = "CT"', count: 0, counts: 1 },
      { name: 'a', match: '(', count: 'PatientName', countOf: 'pixels' },
      'ct',
    ]);

    expect(reading.ok ? [] : reading.problems.map(({ path }) => path)).toEqual([
      'complete[0].counts',
      'complete[0].name',
      'complete[0].match',
      'complete[0].count',
      'complete[1].match',
      'complete[1].count',
      'complete[1].countOf',
      'complete[2]',
    ]);
  });
});
