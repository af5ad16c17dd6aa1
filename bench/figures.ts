/** What a benchmark measures: named samples of one unit, summed up by their number, median and high percentiles. */

export type Unit =
  | 's'
  | 'ms'
  | 'µs'
  | 'MiB'
  | 's/GiB'
  | 'instances/s'
  | 'jobs/s'
  | 'MiB/s'
  | '×'
  | 'USD'
  | 'units'
  | 'messages'
  | 'calls';

export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  /** In the order in which they were taken; at least one. */
  readonly samples: readonly number[];
}

export interface Summary {
  readonly n: number;
  readonly median: number;
  /** By nearest rank: of fewer than twenty samples, the largest. */
  readonly p95: number;
  /** By nearest rank, of a hundred samples and more: of fewer it would be the largest. */
  readonly p99?: number;
}

const SAMPLES_FOR_P99 = 100;

/** A figure of no sample is a mistake of the benchmark. */
export class NothingMeasured extends Error {
  override readonly name = 'NothingMeasured';

  constructor(figure: string) {
    super(`nothing was measured for "${figure}"`);
  }
}

/** Throws NothingMeasured. */
export const summarise = ({ name, samples }: Figure): Summary => {
  const sorted = samples.toSorted((one, other) => one - other);
  const at = (index: number): number => {
    const sample = sorted[index];
    if (sample === undefined) throw new NothingMeasured(name);
    return sample;
  };
  const n = sorted.length;
  return {
    n,
    median: (at(Math.floor((n - 1) / 2)) + at(Math.floor(n / 2))) / 2,
    p95: at(Math.ceil(0.95 * n) - 1),
    ...(n < SAMPLES_FOR_P99 ? {} : { p99: at(Math.ceil(0.99 * n) - 1) }),
  };
};

/** Of at least one. */
export const medianOf = (samples: readonly number[]): number =>
  summarise({ name: 'median', unit: 'ms', samples }).median;

/** Collects samples under their figures' names, which stay in the order of their first sample. */
export class Figures {
  readonly #figures = new Map<string, { readonly unit: Unit; readonly samples: number[] }>();

  add(name: string, unit: Unit, ...samples: readonly number[]): void {
    const figure = this.#figures.get(name) ?? { unit, samples: [] };
    figure.samples.push(...samples);
    this.#figures.set(name, figure);
  }

  get all(): readonly Figure[] {
    return [...this.#figures].map(([name, figure]) => ({ name, ...figure }));
  }
}
