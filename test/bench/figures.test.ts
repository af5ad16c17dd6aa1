/** What a table of a benchmark says of its samples. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Figures, NothingMeasured, summarise } from '../../bench/figures.ts';

const ofSamples = (...samples: number[]) => summarise({ name: 'a figure', unit: 'ms', samples });

describe('the summary of a figure', () => {
  it('has the middle sample, or the mean of the two in the middle, as its median', () => {
    expect(ofSamples(9, 1, 5).median).toBe(5);
    expect(ofSamples(9, 1, 5, 7).median).toBe(6);
  });

  it('has the sample at nearest rank as its 95th percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

    expect(ofSamples(...hundred).p95).toBe(95);
    expect(ofSamples(3, 8, 5).p95).toBe(8);
    expect(ofSamples(4)).toEqual({ n: 1, median: 4, p95: 4 });
  });

  it('has a 99th percentile from a hundred samples on', () => {
    const samples = Array.from({ length: 200 }, (_, index) => index + 1);

    expect(ofSamples(...samples).p99).toBe(198);
    expect(ofSamples(...samples.slice(0, 100)).p99).toBe(99);
    expect(ofSamples(...samples.slice(0, 99))).not.toHaveProperty('p99');
  });

  it('never lies outside the samples, and the percentile never below the median', () => {
    const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(samples, (taken) => {
        const { median, p95 } = ofSamples(...taken);
        expect(median).toBeGreaterThanOrEqual(Math.min(...taken));
        expect(p95).toBeGreaterThanOrEqual(median);
        expect(p95).toBeLessThanOrEqual(Math.max(...taken));
      }),
    );
  });

  it('is refused when nothing was measured', () => {
    expect(() => ofSamples()).toThrow(NothingMeasured);
  });
});

describe('figures', () => {
  it('stay in the order of their first samples, each with all of its own', () => {
    const figures = new Figures();
    figures.add('second start', 's', 3);
    figures.add('first start', 's', 20);
    figures.add('second start', 's', 4);

    expect(figures.all).toEqual([
      { name: 'second start', unit: 's', samples: [3, 4] },
      { name: 'first start', unit: 's', samples: [20] },
    ]);
  });
});
