/** Rules by themselves: what is refused before it is saved, what matches, and what fails without ever being a no. */
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { readRule } from '../../../core/rules/rule.ts';

const DOCUMENT = {
  instances: [
    { Modality: 'CT', SliceThickness: 1, SeriesDescription: 'Thin LUNG', source: 'CT1' },
    { Modality: 'CT', SliceThickness: 2, SeriesDescription: 'Scout', source: 'CT1' },
    {
      Modality: 'RTSTRUCT',
      RequestAttributesSequence: [{ ScheduledProcedureStepID: 'X1' }],
      source: 'PLAN',
    },
  ],
  aeTitle: 'GANTRY',
  sources: ['CT1', 'PLAN'],
  group: { id: 'g', groupBy: ['StudyInstanceUID'], generation: 1 },
};

const ask = (text: string, document: object = DOCUMENT) => {
  const reading = readRule(text);
  if (!reading.ok) throw new Error(reading.problems.join('; '));
  return reading.rule.evaluate(document);
};

describe('a rule that is saved', () => {
  it.each([
    ['instances[', /Expected "]" before end of expression at character 10/],
    ['', /not empty/],
    ['"CT" in instances.Modallity', /"Modallity" is no DICOM keyword; did you mean "Modality"\?/],
    ['$cuont(instances) > 1', /"\$cuont" is no function .* did you mean "\$count"\?/],
    ['count(instances) > 1', /"count" is no DICOM keyword; the function is "\$count"/],
    ['$eval("1=1")', /"\$eval" is no function of rules/],
    ['$lookup(instances[0], "Modallity") = "CT"', /"\$lookup" is no function of rules/],
    ['$exists(**)', /"\*\*" reads whatever is there/],
    ['$exists(instances.*)', /"\*" reads whatever is there/],
    ['$all(instances)', /\$all takes 2 arguments/],
    ['$exists(instances.PixelData)', /PixelData \(OB\) has no value/],
    ['$exists($patient)', /"\$patient" is no function of rules and no variable/],
  ])('is refused with the reason: %s', (text, problem) => {
    const reading = readRule(text);

    expect(reading).toMatchObject({ ok: false });
    expect(reading.ok ? '' : reading.problems.join('; ')).toMatch(problem);
  });

  it('is told of every unknown word at once', () => {
    const reading = readRule('instances.Modallity = $cuont(instances.SlicThickness)');

    const problems = reading.ok ? [] : reading.problems.toSorted();
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      '"$cuont"',
      '"Modallity"',
      '"SlicThickness"',
    ]);
  });

  it('is not longer than a configuration can hold', () => {
    expect(readRule(`"${'x'.repeat(10_001)}" = "x"`)).toEqual({
      ok: false,
      problems: ['a rule has at most 10000 characters'],
    });
  });

  it('may name what it makes itself, and tells which attributes it reads', () => {
    const reading = readRule(
      '($found := instances.{"kind": Modality, "width": SliceThickness}; $any($found, function($one) { $one.width < 2 and $one.kind = "CT" }))',
    );

    expect(reading.ok && [...reading.rule.keywords].sort()).toEqual(['Modality', 'SliceThickness']);
  });

  it('is about one instance when it says which inputs a group must have', () => {
    expect(readRule('Modality = "CT" and source = "CT1"', 'instance').ok).toBe(true);
    expect(readRule('instances.Modality = "CT"', 'instance')).toMatchObject({ ok: false });
  });
});

describe('a rule', () => {
  it.each([
    ['$count(instances[Modality = "CT"]) >= 2', true],
    ['$count(instances[Modality = "MR"]) > 0', false],
    ['"RTSTRUCT" in instances.Modality and "CT" in instances.Modality', true],
    ['$any(instances, function($i) { $contains($i.SeriesDescription, /lung/i) })', true],
    ['$any(instances[Modality = "MR"], function($i) { true })', false],
    [
      '$all(instances[Modality = "CT"], function($i) { $between($i.SliceThickness, 0.5, 2) })',
      true,
    ],
    ['$all(instances, function($i) { $between($i.SliceThickness, 0.5, 2) })', false],
    ['"X1" in instances.RequestAttributesSequence.ScheduledProcedureStepID', true],
    ['$exists(instances[Modality = "CT" and SeriesDescription ~> /^thin/i])', true],
    ['$count($distinct(instances.Modality)) = 2 and aeTitle = "GANTRY"', true],
    ['"PLAN" in sources and group.generation = 1', true],
    ['$max(instances.SliceThickness) <= 1', false],
  ])('says of a group: %s → %s', async (text, matches) => {
    expect((await ask(text)).outcome).toBe(matches ? 'matched' : 'not-matched');
  });

  it('tells every value that it read, how often, and where there was none', async () => {
    const { readings } = await ask('$count(instances[SliceThickness < 2 or Modality = "MR"]) = 1');

    expect(readings).toEqual([
      {
        path: 'instances.SliceThickness',
        values: [
          { value: 1, count: 1 },
          { value: 2, count: 1 },
        ],
        others: 0,
        missing: 1,
      },
      {
        path: 'instances.Modality',
        values: [
          { value: 'CT', count: 1 },
          { value: 'RTSTRUCT', count: 1 },
        ],
        others: 0,
        missing: 0,
      },
    ]);
  });

  it('tells no more values than fit a decision record', async () => {
    const instances = Array.from({ length: 3000 }, (_, index) => ({
      SeriesDescription: `${String(index)} ${'x'.repeat(500)}`,
    }));

    const { readings } = await ask('"a" in instances.SeriesDescription', { instances });

    expect(readings).toMatchObject([{ path: 'instances.SeriesDescription', others: 2980 }]);
    expect(JSON.stringify(readings).length).toBeLessThan(5000);
  });

  it.each([
    ['a comparison with what is not there', 'instances[0].KVP > 100', /is not there/],
    ['something else than true or false', 'instances[0].Modality', /gave a string/],
    ['a list', 'instances.(Modality = "CT")', /gave a list/],
    ['different types', 'instances[0].SliceThickness > "1"', /different types/],
    ['a function with the wrong type', '$contains(instances.Modality, "CT")', /wrong type/],
    ['a predicate that is none', '$any(instances, 1)', /no function/],
    ['a recursion without end', '($f := function($x) { $f($x) + 1 }; $f(1) = 2)', /calls itself/],
    [
      'a regular expression that explodes',
      `$contains("${'a'.repeat(40)}!", /^(a+)+$/)`,
      /too long/,
    ],
    ['a list that is too long', '$count([1..9000000]) > 1', /too long/],
  ])('fails on %s, which is never a no', async (_, text, reason) => {
    const outcome = await ask(text);

    expect(outcome.outcome).toBe('failed');
    expect(outcome.reason).toMatch(reason);
  });

  it('is ended when it would run for ever', async () => {
    const before = performance.now();

    const outcome = await ask('($f := function($x) { $f($x) }; $f(1))');

    expect(outcome).toMatchObject({ outcome: 'failed' });
    expect(outcome.reason).toMatch(/longer than 5 s/);
    expect(performance.now() - before).toBeLessThan(15_000);
  }, 30_000);

  it('names no value in the reason of a failure', async () => {
    const instances = [{ PatientName: 'SECRET^NAME', SliceThickness: 1 }];

    const outcome = await ask('instances.PatientName > instances.SliceThickness', { instances });

    expect(outcome.outcome).toBe('failed');
    expect(outcome.reason).not.toContain('SECRET');
    expect(outcome.detail).toContain('SECRET');
  });

  it('says the same of a large group within its bounds', async () => {
    const instances = Array.from({ length: 5000 }, (_, index) => ({
      Modality: 'CT',
      InstanceNumber: index,
      SeriesDescription: 'Thorax LUNG',
    }));

    const outcome = await ask(
      '$all(instances, function($i) { $i.Modality = "CT" and $contains($i.SeriesDescription, /lung/i) })',
      { instances },
    );

    expect(outcome.outcome).toBe('matched');
  }, 20_000);
});
