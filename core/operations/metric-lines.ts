/** The functions' metrics as lines of their logs. */
import { embeddedMetrics } from '../contracts/embedded-metrics.ts';
import { METRIC_DIMENSION, PLATFORM_METRICS, type PlatformMetric } from '../contracts/metrics.ts';
import type { Clock } from '../contracts/ports.ts';

export type ReportMetrics = (values: Partial<Record<PlatformMetric, number>>) => void;

/** One line for each call, of the metrics that it names. */
export const metricLines =
  (deployment: string, clock: Clock, write: (line: string) => void): ReportMetrics =>
  (values) => {
    const named = Object.entries(values) as [PlatformMetric, number][];
    write(
      embeddedMetrics(
        clock(),
        { [METRIC_DIMENSION.deployment]: deployment },
        named.map(([metric, value]) => ({ ...PLATFORM_METRICS[metric], value })),
      ),
    );
  };
