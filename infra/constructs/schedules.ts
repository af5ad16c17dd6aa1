/** What is called by the clock, always in its latest version: it works for no session of its own. */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

export const schedules = (
  scope: Construct,
  { sweep, reclaim }: { readonly sweep: IFunction; readonly reclaim: IFunction },
): void => {
  // The next call repairs what this one could not.
  const once = { retryAttempts: 0 };
  new Rule(scope, 'EveryMinute', {
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [new LambdaFunction(sweep, once)],
  });
  new Rule(scope, 'EveryMinuteReclaim', {
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [new LambdaFunction(reclaim, once)],
  });
  new Rule(scope, 'EveryDayReclaim', {
    schedule: Schedule.rate(Duration.days(1)),
    targets: [
      new LambdaFunction(reclaim, {
        ...once,
        event: RuleTargetInput.fromObject({ daily: true }),
      }),
    ],
  });
};
