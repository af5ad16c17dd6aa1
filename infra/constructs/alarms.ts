/**
 * The alarms of a site, as a table: each is about something that a person has to know, and has a section in
 * docs/runbook.md. All are on metrics that Gantry's programs print, so that they need no other stack.
 */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Metric,
  TreatMissingData,
  type IAlarmAction,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import {
  LISTENER_METRICS,
  METRIC_DIMENSION,
  METRICS_NAMESPACE,
  PLATFORM_METRICS,
} from '../../core/contracts/metrics.ts';
import type { OperationsConfig } from '../operations-config.ts';

export interface AlarmFacts {
  /** Its name without the deployment, and its section in the runbook. */
  readonly name: string;
  /** One sentence for the e-mail. */
  readonly says: string;
  readonly metric: string;
  readonly statistic: 'Maximum' | 'Minimum' | 'Sum' | 'SampleCount';
  readonly period: Duration;
  /** How many periods in a row. */
  readonly periods: number;
  /** It rings above this value, or below it. */
  readonly above?: number;
  readonly below?: number;
  /** Whether no report at all is a reason to ring. */
  readonly silenceRings: boolean;
}

const MINUTE = Duration.minutes(1);
const QUARTER = Duration.minutes(15);

export const alarmFacts = (config: OperationsConfig): readonly AlarmFacts[] => [
  {
    name: 'dead-letters',
    says: 'A message could not be handled and was set aside.',
    ...{ metric: PLATFORM_METRICS.deadLetters.name, statistic: 'Maximum', silenceRings: false },
    ...{ period: MINUTE, periods: 1, above: 0 },
  },
  {
    name: 'oldest-waiting-job',
    says: `A job has waited for a runner for more than ${config.waitingJobMinutes} minutes.`,
    ...{ metric: PLATFORM_METRICS.oldestWaitingJob.name, statistic: 'Maximum' },
    ...{ period: MINUTE, periods: 3, above: 60 * config.waitingJobMinutes, silenceRings: false },
  },
  {
    name: 'closing-lag',
    says: 'A group of images is complete and has not been released for more than two minutes.',
    ...{ metric: PLATFORM_METRICS.closingLag.name, statistic: 'Maximum', silenceRings: false },
    ...{ period: MINUTE, periods: 3, above: 120 },
  },
  {
    name: 'sessions-failed',
    says: 'A session has failed: results are missing.',
    ...{ metric: PLATFORM_METRICS.sessionsFailed.name, statistic: 'Sum', silenceRings: false },
    ...{ period: Duration.minutes(5), periods: 1, above: 0 },
  },
  {
    name: 'instances-refused',
    says: `More than ${config.refusals} images were refused within a quarter of an hour.`,
    ...{ metric: LISTENER_METRICS.instancesRefused.name, statistic: 'Sum', silenceRings: false },
    ...{ period: QUARTER, periods: 1, above: config.refusals },
  },
  {
    name: 'associations-refused',
    says: `More than ${config.refusals} associations were refused within a quarter of an hour.`,
    ...{ metric: LISTENER_METRICS.associationsRefused.name, statistic: 'Sum', silenceRings: false },
    ...{ period: QUARTER, periods: 1, above: config.refusals },
  },
  {
    name: 'certificate-expiry',
    says: 'The certificate of the TLS port expires in less than 30 days, or the port has none.',
    ...{ metric: LISTENER_METRICS.certificateDaysLeft.name, statistic: 'Minimum' },
    ...{ period: Duration.hours(1), periods: 1, below: 30, silenceRings: false },
  },
  {
    name: 'gpu-minutes',
    says: `Jobs have used a GPU for more than ${config.gpuMinutesPerDay} minutes within a day.`,
    ...{ metric: PLATFORM_METRICS.gpuJobs.name, statistic: 'Sum', silenceRings: false },
    ...{ period: Duration.days(1), periods: 1, above: config.gpuMinutesPerDay },
  },
  {
    name: 'silent-senders',
    says: 'Nothing was received from a sender that usually sends at this time.',
    ...{ metric: PLATFORM_METRICS.silentSenders.name, statistic: 'Maximum', silenceRings: false },
    ...{ period: Duration.hours(1), periods: 1, above: 0 },
  },
  {
    name: 'listener-silent',
    says: 'No listener has reported for five minutes: probably nothing can be received.',
    ...{ metric: LISTENER_METRICS.associationsActive.name, statistic: 'SampleCount' },
    ...{ period: MINUTE, periods: 5, below: 1, silenceRings: true },
  },
  {
    name: 'sweep-silent',
    says: 'The sweep has not reported for five minutes: nothing repairs, and no other alarm is to be trusted.',
    ...{ metric: PLATFORM_METRICS.closingLag.name, statistic: 'SampleCount' },
    ...{ period: MINUTE, periods: 5, below: 1, silenceRings: true },
  },
];

export const deploymentMetric = (
  deployment: string,
  metricName: string,
  statistic: string,
  period: Duration,
): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { [METRIC_DIMENSION.deployment]: deployment },
    statistic,
    period,
  });

/** One alarm for each of the facts; each tells `action` when it begins and when it ends. */
export const platformAlarms = (
  scope: Construct,
  deployment: string,
  facts: readonly AlarmFacts[],
  action: IAlarmAction,
): Alarm[] =>
  facts.map(({ name, says, metric, statistic, period, periods, above, below, silenceRings }) => {
    const alarm = new Alarm(scope, name, {
      alarmName: `${deployment}-${name}`,
      alarmDescription: `${says} What to do: docs/runbook.md, "${name}".`,
      metric: deploymentMetric(deployment, metric, statistic, period),
      threshold: above ?? below ?? 0,
      comparisonOperator:
        above === undefined
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: silenceRings ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    return alarm;
  });
