/** What the credentials of a docker job reach: decided as IAM decides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphKeys } from '../../../core/contracts/graph-keys.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import type { GroupManifest } from '../../../core/contracts/items.ts';
import { taskPolicy, type TaskPolicy } from '../../../core/running/task-policy.ts';

const KEY = '0123456789abcdef0123';
const OTHER_KEY = 'fedcba98765432100000';
const OWN = 's00000000000000000001';
const OTHER = 's00000000000000000002';
const SPREAD = { writer: '27c5a4a0-4a1c-4b54-9b3a-0f5fd53c7f5a', partitions: 64 };
const site = {
  tableArn: 'arn:aws:dynamodb:eu-central-1:111122223333:table/gantry-table',
  bucketArn: 'arn:aws:s3:::gantry-data-bucket0123456789-abcdefghijkl',
  tasksQueueArn: 'arn:aws:sqs:eu-central-1:111122223333:gantry-tasks',
};

const instanceKey = (keyId: string, aeTitle = 'CT', incarnation?: number): string =>
  objectKeys.instance(aeTitle, '1.2.3', '1.2.3.4', '1.2.3.4.5', 'ab'.repeat(32), {
    ...{ keyId, incarnation },
  });

const manifestOf = (objectKeysOfGroup: readonly string[]): GroupManifest => ({
  ...{ groupId: `${KEY}-g1`, aeTitle: 'CT', groupBy: [], sealedAt: 1 },
  series: [
    {
      ...{ patientId: 'P', issuerOfPatientId: '', studyInstanceUid: '1.2.3' },
      ...{ seriesInstanceUid: '1.2.3.4', attributes: {} },
      instances: objectKeysOfGroup.map((objectKey) => ({
        ...{ objectKey, sopInstanceUid: '1.2', sopClassUid: '1.2', transferSyntaxUid: '1.2' },
        ...{ size: 1, sha256: 'ab', receivedAt: 1, callingAeTitle: 'A', associationId: 'a' },
      })),
    },
  ],
});

const session = { id: OWN, groupId: `${KEY}-g1`, aeTitle: 'CT' };
const policy = taskPolicy(session, manifestOf([instanceKey(KEY)]), site);

const list = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split(/(\$\{[*?$]\}|[*?])/)
      .map((part) =>
        part === '*'
          ? '.*'
          : part === '?'
            ? '.'
            : (/^\$\{(.)\}$/.exec(part)?.[1] ?? part).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('')}$`,
    's',
  ).test(text);

/** Whether a statement allows the action on the resource; `partition` is the item's, of calls of the table. */
const allows = (of: TaskPolicy, action: string, resource: string, partition?: string): boolean =>
  of.Statement.some(
    ({ Action, Resource, Condition }) =>
      list(Action).some((one) => matches(one, action)) &&
      list(Resource).some((one) => matches(one, resource)) &&
      (Condition === undefined ||
        (partition !== undefined &&
          Object.values(Condition).every((test) =>
            Object.values(test).every((allowed) => allowed.some((one) => matches(one, partition))),
          ))),
  );

const object = (key: string): string => `${site.bucketArn}/${key}`;
const reads = (key: string, of = policy) => allows(of, 's3:GetObject', object(key));
const writes = (key: string) => allows(policy, 's3:PutObject', object(key));
const item = (action: string, partition: string) =>
  allows(policy, `dynamodb:${action}`, site.tableArn, partition);

describe('the credentials of a docker job', () => {
  it('reach the items of its session, and read workers and configuration', () => {
    for (const action of ['GetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem']) {
      expect(item(action, tableKeys.sessionPartition(OWN))).toBe(true);
      expect(item(action, tableKeys.sessionPartition(OTHER))).toBe(false);
      expect(item(action, graphKeys(OWN, SPREAD).job('n00077').pk)).toBe(true);
      expect(item(action, graphKeys(OTHER, SPREAD).job('n00077').pk)).toBe(false);
      expect(item(action, tableKeys.group(KEY, 1).pk)).toBe(false);
    }
    for (const partition of [tableKeys.workerVersion('lung', 'h').pk, 'CONFIG']) {
      expect(item('GetItem', partition)).toBe(true);
      expect(item('PutItem', partition)).toBe(false);
    }
    expect(
      allows(policy, 'dynamodb:Query', `${site.tableArn}/index/state`, 'SESSION#RUNNING'),
    ).toBe(false);
  });

  it('put decision records on the story of its session, and read none', () => {
    const partition = tableKeys.decisionPartition('2026-11-22');

    expect(item('PutItem', partition)).toBe(true);
    for (const action of ['GetItem', 'Query', 'UpdateItem', 'DeleteItem']) {
      expect(item(action, partition)).toBe(false);
    }
  });

  it('write objects of its session and no others', () => {
    expect(writes(objectKeys.jobLog(OWN, 'n00000', 1))).toBe(true);
    expect(writes(objectKeys.jobLog(OTHER, 'n00000', 1))).toBe(false);
    expect(writes(instanceKey(KEY))).toBe(false);
    expect(writes(objectKeys.workerPackage('lung', 'h'))).toBe(false);
  });

  it('read the images of its group, of whichever incarnation, and of no other patient', () => {
    expect(reads(instanceKey(KEY))).toBe(true);
    expect(reads(instanceKey(KEY, 'CT', 2))).toBe(true);
    expect(reads(instanceKey(OTHER_KEY))).toBe(false);
    expect(reads(objectKeys.groupManifest(`${KEY}-g1`))).toBe(true);
    expect(reads(objectKeys.groupManifest(`${OTHER_KEY}-g1`))).toBe(false);
    expect(reads(objectKeys.sessionFile(OTHER, 'f'))).toBe(false);
    expect(reads(objectKeys.serviceModule('any', 'h'))).toBe(true);
  });

  it('delete nothing, list nothing, start nothing', () => {
    for (const action of ['s3:DeleteObject', 's3:ListBucket', 'ecs:RunTask', 'sts:AssumeRole']) {
      expect(allows(policy, action, object(''))).toBe(false);
      expect(allows(policy, action, '*')).toBe(false);
    }
    expect(allows(policy, 'states:SendTaskFailure', '*')).toBe(false);
  });

  it('read the images of its AE title, as it is spelt, where a composed group has many keys', () => {
    const keys = Array.from({ length: 9 }, (_, index) => `${index}`.repeat(20));
    const wide = taskPolicy(
      { ...session, aeTitle: 'C*T' },
      manifestOf(keys.map((keyId) => instanceKey(keyId, 'C*T'))),
      site,
    );

    expect(reads(instanceKey(KEY, 'C*T'), wide)).toBe(true);
    expect(reads(instanceKey(KEY, 'CXT'), wide)).toBe(false);
  });

  it('are bounded by a policy that AssumeRole takes, however long the names are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 12 }),
        fc.string({ minLength: 1, maxLength: 16, unit: fc.constantFrom('*', 'A', '?', '$', ' ') }),
        (keys, aeTitle) => {
          const text = JSON.stringify(
            taskPolicy(
              { ...session, aeTitle },
              manifestOf(
                keys.map((key) => instanceKey(key.toString(16).padStart(8, '0'), aeTitle)),
              ),
              {
                tableArn: `arn:aws:dynamodb:ap-southeast-2:111122223333:table/${'d'.repeat(20)}-table`,
                bucketArn: `arn:aws:s3:::${'b'.repeat(63)}`,
                tasksQueueArn: `arn:aws:sqs:ap-southeast-2:111122223333:${'d'.repeat(20)}-tasks`,
              },
            ),
          );
          expect(text.length).toBeLessThanOrEqual(2048);
        },
      ),
    );
  });
});
