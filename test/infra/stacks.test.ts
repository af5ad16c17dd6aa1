/** Both kinds of deployment synthesise, and what must survive, survives. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
import { allResources, countMatching, synthesise } from './synthesised.ts';

const aws = synthesise({});
const embedded = synthesise({ profile: 'embedded' });
const stack = (templates: typeof aws, name: string) => {
  const template = templates.get(name);
  if (template === undefined) throw new Error(`no stack ${name}`);
  return template;
};

describe('the stacks', () => {
  it('leave network, listener service and GPU capacity out of the embedded cloud', () => {
    expect([...embedded.keys()].sort()).toEqual(['Data', 'Orchestration', 'Workers']);
    expect([...aws.keys()].sort()).toEqual([
      'Data',
      'Gpu',
      'Listener',
      'Network',
      'Operations',
      'Orchestration',
      'Workers',
    ]);
  });

  it('never destroy table or bucket on AWS', () => {
    const kept = [...allResources(aws).values()].filter(({ Type }) =>
      ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket'].includes(Type),
    );

    // The table, the bucket and that of its access logs.
    expect(kept).toHaveLength(3);
    for (const resource of kept) {
      expect(resource.DeletionPolicy).toBe('Retain');
      expect(resource.UpdateReplacePolicy).toBe('Retain');
    }
  });

  it('protect the table against deletion and keep its past on AWS only', () => {
    const replica = (protectedTable: boolean) => ({
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: protectedTable,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: protectedTable },
        }),
      ],
    });

    expect(countMatching(stack(aws, 'Data'), 'AWS::DynamoDB::GlobalTable', replica(true))).toBe(1);
    expect(
      countMatching(stack(embedded, 'Data'), 'AWS::DynamoDB::GlobalTable', replica(false)),
    ).toBe(1);
  });

  it('keep versions of objects, refuse plain HTTP and the public on AWS', () => {
    const data = stack(aws, 'Data');

    expect(
      countMatching(data, 'AWS::S3::Bucket', {
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      }),
    ).toBe(2);
    expect(
      countMatching(data, 'AWS::S3::BucketPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Effect: 'Deny',
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            }),
          ]),
        },
      }),
    ).toBe(2);
  });

  it.each([
    ['on AWS', aws],
    ['in the embedded cloud', embedded],
  ])('give every queue a dead-letter queue %s', (_where, templates) => {
    const queues = [...allResources(templates).values()].filter(
      ({ Type }) => Type === 'AWS::SQS::Queue',
    );
    const deadLetters = queues.filter(({ Properties }) =>
      String(Properties['QueueName']).endsWith('-dead-letters'),
    );
    const others = queues.filter((queue) => !deadLetters.includes(queue));

    expect(others).toHaveLength(9);
    expect(deadLetters).toHaveLength(9);
    for (const { Properties } of others) expect(Properties).toHaveProperty('RedrivePolicy');
  });

  it('bound what a queue can start, and give back single messages of a batch', () => {
    const sources = Object.values(
      stack(aws, 'Orchestration').findResources('AWS::Lambda::EventSourceMapping'),
    ) as { Properties: Record<string, unknown> }[];

    expect(sources).toHaveLength(5);
    for (const { Properties } of sources) {
      expect(Properties['ScalingConfig']).toHaveProperty('MaximumConcurrency');
      expect(Properties['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
    }
  });

  it('keep every ECS task of the cluster that has stopped in the queue of tasks', () => {
    const rules = stack(aws, 'Orchestration').findResources('AWS::Events::Rule', {
      Properties: {
        EventPattern: {
          source: ['aws.ecs'],
          'detail-type': ['ECS Task State Change'],
          detail: { lastStatus: ['STOPPED'] },
        },
      },
    });

    expect(Object.keys(rules)).toHaveLength(1);
  });

  it('keep a message invisible for six times as long as its function may take', () => {
    const orchestration = stack(aws, 'Orchestration');
    const timeouts = new Map(
      Object.values(orchestration.findResources('AWS::Lambda::Function')).map((resource) => {
        const { Properties } = resource as {
          Properties: { FunctionName?: string; Timeout: number };
        };
        return [Properties.FunctionName, Properties.Timeout];
      }),
    );

    for (const [queue, lambda] of [
      ['gantry-stability-checks', 'gantry-stability-check'],
      ['gantry-plan', 'gantry-plan'],
      ['gantry-advance', 'gantry-advance'],
    ] as const) {
      expect(
        countMatching(orchestration, 'AWS::SQS::Queue', {
          QueueName: queue,
          VisibilityTimeout: 6 * (timeouts.get(lambda) ?? Number.NaN),
        }),
      ).toBe(1);
    }
  });

  it('ask for a token before the API on AWS and leave it open on the loopback address', () => {
    expect(
      countMatching(stack(aws, 'Orchestration'), 'AWS::ApiGatewayV2::Route', {
        RouteKey: '$default',
        AuthorizationType: 'JWT',
      }),
    ).toBe(1);
    expect(
      countMatching(stack(embedded, 'Orchestration'), 'AWS::ApiGatewayV2::Route', {
        RouteKey: '$default',
        AuthorizationType: 'NONE',
      }),
    ).toBe(1);
  });

  it('run functions on ARM with Node 24 on AWS, with logs that end', () => {
    const orchestration = stack(aws, 'Orchestration');
    const functions = orchestration.findResources('AWS::Lambda::Function', {
      Properties: { Runtime: 'nodejs24.x', Architectures: ['arm64'] },
    });

    expect(Object.keys(functions)).toHaveLength(10);
    expect(countMatching(orchestration, 'AWS::Logs::LogGroup', { RetentionInDays: 90 })).toBe(
      Object.keys(orchestration.findResources('AWS::Logs::LogGroup')).length,
    );
  });

  it('give runners the work queues and the advance queue by the names that they have', () => {
    expect(
      countMatching(stack(embedded, 'Workers'), 'AWS::ECS::TaskDefinition', {
        Family: 'gantry-runner-default',
        ContainerDefinitions: [
          Match.objectLike({
            Name: 'main',
            Image: 'gantry/runner',
            StopTimeout: 120,
            Environment: Match.arrayWith([{ Name: ENV.worker, Value: 'default' }]),
          }),
        ],
      }),
    ).toBe(1);
  });
});
