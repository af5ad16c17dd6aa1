/** What tells people: alarms to a topic, a dashboard, saved queries, the budget. Not in the embedded cloud, where nobody is paged. */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { LISTENER_METRICS, PLATFORM_METRICS } from '../../core/contracts/metrics.ts';
import { acknowledge } from '../constructs/acknowledge.ts';
import { alarmFacts, deploymentMetric, platformAlarms } from '../constructs/alarms.ts';
import { costBudget } from '../constructs/cost-budget.ts';
import { savedQueries } from '../constructs/saved-queries.ts';
import type { OrchestrationStack } from './orchestration-stack.ts';
import type { SiteStackProps } from './site-stack.ts';

export interface OperationsStackProps extends SiteStackProps {
  readonly orchestration: OrchestrationStack;
}

const GRAPH_PERIOD = Duration.minutes(5);
const HALF = 12;

export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { config, orchestration } = props;
    const { deployment, operations } = config;
    const topic = new Topic(this, 'Alarms', {
      topicName: `${deployment}-alarms`,
      displayName: `Gantry ${deployment}`,
      enforceSSL: true,
    });
    acknowledge(topic, {
      'HIPAA.Security-SNSEncryptedKMS':
        'Alarms have names of alarms and numbers, nothing of a patient; and they must arrive when the key is the trouble.',
    });
    for (const service of ['cloudwatch', 'budgets']) {
      topic.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
          actions: ['sns:Publish'],
          resources: [topic.topicArn],
          conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
        }),
      );
    }
    if (operations.email !== undefined) {
      topic.addSubscription(new EmailSubscription(operations.email));
    }
    const alarms = platformAlarms(this, deployment, alarmFacts(operations), new SnsAction(topic));
    const metric = (name: string, statistic: string): IMetric =>
      deploymentMetric(deployment, name, statistic, GRAPH_PERIOD);
    const graph = (title: string, ...left: IMetric[]): GraphWidget =>
      new GraphWidget({ title, left, width: HALF });
    const { associationsActive, instancesStored, instancesRefused } = LISTENER_METRICS;
    const { associationsRefused, objectWriteTime, itemWriteTime } = LISTENER_METRICS;
    const { closingLag, oldestWaitingJob, sessionsFailed, deadLetters } = PLATFORM_METRICS;
    new Dashboard(this, 'Dashboard', {
      dashboardName: deployment,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 2 * HALF })],
        [
          graph(
            'Received',
            metric(instancesStored.name, 'Sum'),
            metric(instancesRefused.name, 'Sum'),
          ),
          graph(
            'Associations',
            metric(associationsActive.name, 'Maximum'),
            metric(associationsRefused.name, 'Sum'),
          ),
        ],
        [
          graph(
            'Storing an instance, ms',
            metric(objectWriteTime.name, 'p95'),
            metric(itemWriteTime.name, 'p95'),
          ),
          graph(
            'Waiting, s',
            metric(closingLag.name, 'Maximum'),
            metric(oldestWaitingJob.name, 'Maximum'),
          ),
        ],
        [
          graph(
            'Went wrong',
            metric(sessionsFailed.name, 'Sum'),
            metric(deadLetters.name, 'Maximum'),
          ),
          graph('Jobs on GPUs', metric(PLATFORM_METRICS.gpuJobs.name, 'Maximum')),
        ],
      ],
    });
    savedQueries(this, deployment);
    costBudget(this, 'Budget', { config, topic, starters: orchestration.taskStarters });
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn });
  }
}
