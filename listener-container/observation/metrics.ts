/**
 * The listener's metrics in CloudWatch's Embedded Metric Format: lines on stdout that CloudWatch Logs makes metrics
 * of, without a call of any service. What happens within a minute is one line for each set of dimensions.
 */
import { embeddedMetrics } from '../../core/contracts/embedded-metrics.ts';
import {
  LISTENER_METRICS,
  METRIC_DIMENSION,
  type ListenerMetric,
} from '../../core/contracts/metrics.ts';
import type { Clock } from '../../core/contracts/ports.ts';

export type Gauges = () => Partial<Record<ListenerMetric, number | undefined>>;

export interface ListenerMetrics {
  /** Adds to a sum; `reason` is a word of a small set, never what a peer sent. */
  readonly count: (metric: ListenerMetric, by?: number, reason?: string) => void;
  /** One value of many, whose distribution is of interest. */
  readonly observe: (metric: ListenerMetric, value: number) => void;
  /** Writes what has come together. */
  readonly flush: () => void;
  /** From now on reports come by themselves; `gauges`: what is so at the moment of one. */
  readonly begin: (gauges: Gauges) => void;
  /** Writes the last report. */
  readonly stop: () => void;
}

export interface MetricsOptions {
  readonly deployment: string;
  readonly clock: Clock;
  readonly write: (line: string) => void;
  /** Default: a minute. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 60_000;

/** The format's limit of values of one metric in a line. */
const MAXIMUM_VALUES = 100;

type Values = Map<ListenerMetric, number | number[]>;

export const createListenerMetrics = (options: MetricsOptions): ListenerMetrics => {
  const { deployment, clock, write, intervalMs = INTERVAL_MS } = options;
  let gauges: Gauges = () => ({});
  let timer: NodeJS.Timeout | undefined;
  /** By reason; '' for what has none. */
  const sums = new Map<string, Map<ListenerMetric, number>>();
  const observed = new Map<ListenerMetric, number[]>();

  const emit = (values: Values, reason: string): void => {
    if (values.size === 0) return;
    const dimensions = {
      [METRIC_DIMENSION.deployment]: deployment,
      ...(reason === '' ? {} : { [METRIC_DIMENSION.reason]: reason }),
    };
    const facts = [...values].map(([metric, value]) => ({ ...LISTENER_METRICS[metric], value }));
    // An alarm cannot add up reasons: the sum over all of them is kept beside each.
    const sets = [[METRIC_DIMENSION.deployment], Object.keys(dimensions)];
    write(embeddedMetrics(clock(), dimensions, facts, reason === '' ? sets.slice(1) : sets));
  };

  const flush = (): void => {
    const plain: Values = new Map(sums.get(''));
    for (const [metric, values] of observed) plain.set(metric, values);
    for (const [metric, value] of Object.entries(gauges()) as [ListenerMetric, number?][]) {
      if (value !== undefined) plain.set(metric, value);
    }
    emit(plain, '');
    for (const [reason, values] of sums) if (reason !== '') emit(new Map(values), reason);
    sums.clear();
    observed.clear();
  };

  return {
    count: (metric, by = 1, reason = '') => {
      const ofReason = sums.get(reason) ?? new Map<ListenerMetric, number>();
      sums.set(reason, ofReason.set(metric, (ofReason.get(metric) ?? 0) + by));
    },
    observe: (metric, value) => {
      const values = observed.get(metric) ?? [];
      values.push(value);
      observed.set(metric, values);
      if (values.length < MAXIMUM_VALUES) return;
      emit(new Map([[metric, values]]), '');
      observed.delete(metric);
    },
    flush,
    begin: (asked) => {
      gauges = asked;
      timer = setInterval(flush, intervalMs);
      timer.unref();
    },
    stop: () => {
      clearInterval(timer);
      flush();
    },
  };
};
