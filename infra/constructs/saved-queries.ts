/** Saved queries of CloudWatch Logs Insights, for the questions that the runbook asks. */
import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

interface SavedQuery {
  readonly name: string;
  /** Log groups below the deployment's name. */
  readonly logs: readonly string[];
  readonly query: readonly string[];
}

const QUERIES: readonly SavedQuery[] = [
  {
    name: 'errors',
    logs: [
      ...['stability-check', 'plan', 'advance', 'finish', 'sweep', 'tasks', 'processors', 'api'],
      'listener',
    ],
    query: [
      'fields @timestamp, service, message, error, groupId, sessionId',
      "filter level = 'ERROR' or level = 'error'",
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    name: 'failed sessions',
    logs: ['finish'],
    query: [
      'fields @timestamp, sessionId',
      "filter state = 'FAILED'",
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    name: 'what the sweep repaired',
    logs: ['sweep'],
    query: [
      'fields @timestamp, groups.checks, groups.released, sessions.sessionsRestarted, sessions.jobsRestarted',
      'filter groups.checks > 0 or groups.released > 0 or sessions.sessionsRestarted > 0 or sessions.jobsRestarted > 0',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    name: 'silent senders',
    logs: ['sweep'],
    query: [
      'fields @timestamp, silent.0, silent.1, silent.2, silent.3, silent.4',
      "filter message = 'senders are silent that usually send'",
      'sort @timestamp desc',
      'limit 50',
    ],
  },
  {
    name: 'refusals by reason',
    logs: ['listener'],
    query: [
      'filter ispresent(Reason)',
      'stats sum(AssociationsRefused) as associations, sum(InstancesRefused) as instances by Reason, bin(1h)',
    ],
  },
  {
    name: 'slow functions',
    logs: ['stability-check', 'plan', 'advance', 'finish', 'sweep', 'tasks', 'processors', 'api'],
    query: [
      "filter @type = 'REPORT'",
      'stats max(@duration) as slowest, pct(@duration, 95) as p95, count(*) as calls by @log',
    ],
  },
];

export const savedQueries = (scope: Construct, deployment: string): void => {
  for (const { name, logs, query } of QUERIES) {
    new CfnQueryDefinition(scope, `Query-${name.replaceAll(' ', '-')}`, {
      name: `${deployment}/${name}`,
      logGroupNames: logs.map((log) => `/${deployment}/${log}`),
      queryString: query.join('\n| '),
    });
  }
};
