/**
 * The listener's tasks follow its open associations: an idle association costs no processor time, and one sender of
 * a large study costs much, so processor time says nothing. Tasks that have associations are never scaled in.
 */
import { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import {
  LISTENER_METRICS,
  METRIC_DIMENSION,
  METRICS_NAMESPACE,
} from '../../core/contracts/metrics.ts';
import type { SiteConfig } from '../config.ts';

/** Of a task's places: open associations never move, so there has to be room before there is none. */
const FULL_AT = 0.6;

export const listenerScaling = (service: FargateService, config: SiteConfig): void => {
  const { tasks, maxTasks, maximumAssociations, drainSeconds } = config.listener;
  service
    .autoScaleTaskCount({ minCapacity: tasks, maxCapacity: maxTasks })
    .scaleToTrackCustomMetric('Associations', {
      // Each task reports its own number each minute: the average is that of one task.
      metric: new Metric({
        namespace: METRICS_NAMESPACE,
        metricName: LISTENER_METRICS.associationsActive.name,
        dimensionsMap: { [METRIC_DIMENSION.deployment]: config.deployment },
        statistic: Stats.AVERAGE,
        period: Duration.minutes(1),
      }),
      targetValue: Math.max(1, Math.floor(FULL_AT * maximumAssociations)),
      scaleOutCooldown: Duration.minutes(1),
      scaleInCooldown: Duration.seconds(Math.max(drainSeconds, 60)),
    });
};
