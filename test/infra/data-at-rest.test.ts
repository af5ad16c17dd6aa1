/** What is kept on AWS, and how: under which key, for how long, with which traces of who read it. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
import { allResources, countMatching, synthesise } from './synthesised.ts';

const templates = synthesise({});
const data = templates.get('Data')!;

const KEY = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };

describe('the key of the site', () => {
  it('is one of its own, changes each year and outlives its stack', () => {
    const keys = data.findResources('AWS::KMS::Key', {
      ...{ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
      Properties: { EnableKeyRotation: true },
    });

    expect(Object.keys(keys)).toHaveLength(1);
  });
});

describe('the table', () => {
  it('is under the key, and paid by what is asked of it', () => {
    expect(
      countMatching(data, 'AWS::DynamoDB::GlobalTable', {
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: KEY } })],
      }),
    ).toBe(1);
  });
});

describe('the bucket', () => {
  const withLogs = { LoggingConfiguration: Match.objectLike({ LogFilePrefix: 'data/' }) };

  it('is under the key, which it asks once for many objects, and writes down who reads', () => {
    expect(
      countMatching(data, 'AWS::S3::Bucket', {
        ...withLogs,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY },
            },
          ],
        },
      }),
    ).toBe(1);
  });

  it('gives up unfinished uploads after a day, and what was deleted after a week', () => {
    expect(
      countMatching(data, 'AWS::S3::Bucket', {
        ...withLogs,
        LifecycleConfiguration: {
          Rules: Match.arrayWith([
            Match.objectLike({
              NoncurrentVersionExpiration: { NoncurrentDays: 7 },
              Status: 'Enabled',
            }),
            Match.objectLike({
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
              Status: 'Enabled',
            }),
          ]),
        },
      }),
    ).toBe(1);
  });

  it('loses no image by a rule: only packages on their way in end by themselves', () => {
    const [bucket] = Object.values(
      data.findResources('AWS::S3::Bucket', { Properties: withLogs }),
    ) as {
      Properties: {
        LifecycleConfiguration: { Rules: { ExpirationInDays?: number; Prefix?: string }[] };
      };
    }[];
    const ending = bucket?.Properties.LifecycleConfiguration.Rules.filter(
      ({ ExpirationInDays }) => ExpirationInDays !== undefined,
    );

    expect(ending?.map(({ Prefix }) => Prefix)).toEqual(['uploads/']);
  });

  it('keeps what its access logs say for a year', () => {
    expect(
      countMatching(data, 'AWS::S3::Bucket', {
        LoggingConfiguration: Match.absent(),
        LifecycleConfiguration: {
          Rules: [Match.objectLike({ ExpirationInDays: 365, Status: 'Enabled' })],
        },
      }),
    ).toBe(1);
  });

  it('and every queue are reached over TLS only', () => {
    const refusing = [...allResources(templates).values()].filter(
      ({ Type, Properties }) =>
        Type === 'AWS::SQS::QueuePolicy' &&
        JSON.stringify(Properties['PolicyDocument']).includes('{"aws:SecureTransport":"false"}'),
    );
    const queues = [...allResources(templates).values()].filter(
      ({ Type }) => Type === 'AWS::SQS::Queue',
    );

    expect(refusing).toHaveLength(queues.length);
    for (const { Properties } of queues) expect(Properties['SqsManagedSseEnabled']).toBe(true);
  });
});

describe('every log group', () => {
  it('ends with the time that the site says, and is kept when its stack goes', () => {
    const year = synthesise({ logRetentionDays: 365 });
    const groups = [...allResources(year).values()].filter(
      ({ Type }) => Type === 'AWS::Logs::LogGroup',
    );

    expect(groups.length).toBeGreaterThan(10);
    for (const { Properties, DeletionPolicy } of groups) {
      expect(Properties['RetentionInDays']).toBe(365);
      expect(DeletionPolicy).toBe('Retain');
    }
  });
});

describe('what registry callbacks print', () => {
  it('goes to a log group of the deployment, which the API names when it makes their functions', () => {
    const orchestration = templates.get('Orchestration')!;
    const groups = orchestration.findResources('AWS::Logs::LogGroup', {
      Properties: { LogGroupName: '/gantry/registry' },
    });
    const [group = ''] = Object.keys(groups);

    expect(Object.keys(groups)).toHaveLength(1);
    expect(
      countMatching(orchestration, 'AWS::Lambda::Function', {
        FunctionName: 'gantry-api',
        Environment: {
          Variables: Match.objectLike({ [ENV.registryLogGroup]: { Ref: group } }),
        },
      }),
    ).toBe(1);
  });
});

describe('the state machines', () => {
  const machines = Object.values(
    templates.get('Orchestration')!.findResources('AWS::StepFunctions::StateMachine'),
  ) as { Properties: Record<string, unknown> }[];

  it('write what they do, without the data that they do it with, and are traced', () => {
    expect(machines).toHaveLength(3);
    for (const { Properties } of machines) {
      expect(Properties).toMatchObject({
        StateMachineType: 'STANDARD',
        LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
        TracingConfiguration: { Enabled: true },
      });
    }
  });

  it('count no heartbeats: a message behind a machine that boots would lose its token', () => {
    expect(JSON.stringify(machines)).not.toContain('Heartbeat');
  });
});
