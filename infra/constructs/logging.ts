/** Log groups with an end: the logs of a program live as long as the site says. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';

/** `name` is below `/gantry` (the deployment's name), as in `/gantry/plan`. */
export const programLogs = (
  scope: Construct,
  id: string,
  config: SiteConfig,
  name: string,
): LogGroup =>
  new LogGroup(scope, id, {
    logGroupName: `/${config.deployment}/${name}`,
    retention: config.logRetentionDays,
    removalPolicy: config.profile !== 'embedded' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
