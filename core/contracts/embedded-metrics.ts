/**
 * A line in CloudWatch's Embedded Metric Format: printed to a log, it becomes metrics without a call of any
 * service. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { METRICS_NAMESPACE } from './metrics.ts';

export interface MetricValue {
  readonly name: string;
  readonly unit: string;
  /** Of a list of at most 100, the distribution is kept. */
  readonly value: number | readonly number[];
}

/** `dimensionSets`: under which of the dimensions the values are kept; by default all of them together. */
export const embeddedMetrics = (
  timestamp: number,
  dimensions: Readonly<Record<string, string>>,
  values: readonly MetricValue[],
  dimensionSets: readonly (readonly string[])[] = [Object.keys(dimensions)],
): string =>
  JSON.stringify({
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        {
          Namespace: METRICS_NAMESPACE,
          Dimensions: dimensionSets,
          Metrics: values.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(values.map(({ name, value }) => [name, value])),
  });
