/**
 * What the credentials of a docker job's task reach: the session's own items and objects, the images of its group,
 * what every job reads of workers, services and destinations, and new decision records. It is the session policy of
 * AssumeRole: short, and only ever taking away from what the role has (infra/constructs/docker-job-role.ts). The role
 * names each action and the table: `*` is enough here where partitions say which items.
 */
import { spreadPartitionPattern } from '../contracts/graph-keys.ts';
import { tableKeys } from '../contracts/keys.ts';
import { instanceKeyMark, objectKeys } from '../contracts/object-keys.ts';
import type { GroupManifest, SessionItem } from '../contracts/items.ts';

/** Of the policy's text: AssumeRole takes 2,048 characters. Composed sessions may have images of many keys. */
const MAX_KEYS = 5;

export interface TaskPolicySite {
  readonly tableArn: string;
  readonly bucketArn: string;
  readonly tasksQueueArn: string;
}

interface Statement {
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export interface TaskPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** As it stands: what IAM would take for a pattern or a variable is written as IAM writes the sign itself. */
const literal = (text: string): string => text.replace(/[*?$]/g, (sign) => `\${${sign}}`);

/** Patterns of the group's instances: by the key that is in their names, or all of the AE title where there are many. */
const instancesOf = (session: Pick<SessionItem, 'aeTitle'>, manifest: GroupManifest): string[] => {
  const marks = new Set(
    manifest.series.flatMap(({ instances }) =>
      instances.map(({ objectKey }) => instanceKeyMark(objectKey)),
    ),
  );
  return marks.size > MAX_KEYS
    ? [`instances/??/${literal(session.aeTitle)}/*`]
    : [...marks].sort().map((mark) => `instances/*-${mark}*`);
};

export const taskPolicy = (
  session: Pick<SessionItem, 'id' | 'groupId' | 'aeTitle'>,
  manifest: GroupManifest,
  { tableArn, bucketArn, tasksQueueArn }: TaskPolicySite,
): TaskPolicy => {
  const objects = (...keys: readonly string[]): string[] =>
    keys.map((key) => `${bucketArn}/${key}`);
  const own = `${objectKeys.sessionPrefix(session.id)}*`;
  const partitions = (...names: readonly string[]) => ({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': names },
  });
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['dynamodb:*Item', 'dynamodb:Query'],
        Resource: tableArn,
        Condition: partitions(
          tableKeys.sessionPartition(session.id),
          spreadPartitionPattern(session.id),
        ),
      },
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:Query'],
        Resource: '*',
        Condition: partitions(
          tableKeys.configurationPartition,
          tableKeys.workerVersion('*', '').pk,
        ),
      },
      // That a script has sent results is part of the session's story.
      {
        Effect: 'Allow',
        Action: 'dynamodb:PutItem',
        Resource: '*',
        Condition: partitions(tableKeys.decisionPartition('*')),
      },
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: objects(
          own,
          objectKeys.groupManifest(session.groupId),
          'services/*',
          'workers/*',
          ...instancesOf(session, manifest),
        ),
      },
      { Effect: 'Allow', Action: 's3:PutObject', Resource: objects(own) },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: tasksQueueArn },
      { Effect: 'Allow', Action: ['kms:*', 'states:SendTaskSuccess'], Resource: '*' },
    ],
  };
};
