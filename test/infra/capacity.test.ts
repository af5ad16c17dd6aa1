/** What there is to work on: listener tasks that follow their associations, and GPU machines of either kind. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { readGpuCapacity } from '../../core/contracts/gpu-capacity.ts';
import { ENV } from '../../core/contracts/names.ts';
import { actionsOf, countMatching, statementsOf, synthesise } from './synthesised.ts';

const standard = synthesise({ gpu: { spot: true } });
const group = synthesise({
  gpu: { kind: 'auto-scaling-group', instanceTypes: ['g6.xlarge'], maxInstances: 3 },
});

describe('the listener’s tasks', () => {
  const listener = standard.get('Listener')!;

  it('are two at rest, on ARM64, and up to four when associations fill 60 % of what each takes', () => {
    expect(
      countMatching(listener, 'AWS::ApplicationAutoScaling::ScalableTarget', {
        MinCapacity: 2,
        MaxCapacity: 4,
      }),
    ).toBe(1);
    expect(
      countMatching(listener, 'AWS::ApplicationAutoScaling::ScalingPolicy', {
        TargetTrackingScalingPolicyConfiguration: Match.objectLike({
          TargetValue: 38,
          ScaleInCooldown: 900,
          CustomizedMetricSpecification: Match.objectLike({
            Namespace: 'Gantry',
            MetricName: 'AssociationsActive',
            Statistic: 'Average',
            Dimensions: [{ Name: 'Deployment', Value: 'gantry' }],
          }),
        }),
      }),
    ).toBe(1);
    expect(
      countMatching(listener, 'AWS::ECS::TaskDefinition', {
        RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
        ContainerDefinitions: [
          Match.objectLike({
            StopTimeout: 120,
            Environment: Match.arrayWith([{ Name: ENV.maximumAssociations, Value: '64' }]),
          }),
        ],
      }),
    ).toBe(1);
  });

  it('are replaced one by one, and the old ones come back when the new ones fail', () => {
    expect(
      countMatching(listener, 'AWS::ECS::Service', {
        DeploymentConfiguration: Match.objectLike({
          MinimumHealthyPercent: 100,
          MaximumPercent: 200,
          DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        }),
      }),
    ).toBe(1);
  });
});

describe('the disks and logs of tasks', () => {
  it('are under the key of the site', () => {
    const key = {
      'Fn::ImportValue': Match.stringLikeRegexp('gantry-data:ExportsOutputFnGetAttKey'),
    };

    expect(
      countMatching(standard.get('Workers')!, 'AWS::ECS::Cluster', {
        Configuration: { ManagedStorageConfiguration: { FargateEphemeralStorageKmsKeyId: key } },
      }),
    ).toBe(1);
    for (const stack of ['Workers', 'Orchestration', 'Listener', 'Network']) {
      const template = standard.get(stack)!;
      const groups = Object.keys(template.findResources('AWS::Logs::LogGroup')).length;
      expect(groups).toBeGreaterThan(0);
      expect(countMatching(template, 'AWS::Logs::LogGroup', { KmsKeyId: key })).toBe(groups);
    }
  });
});

describe('GPU capacity', () => {
  it('is two pools of Managed Instances, on demand and Spot, that go when idle for ten minutes', () => {
    const gpu = standard.get('Gpu')!;
    const pool = (kind: string) => ({
      ManagedInstancesProvider: Match.objectLike({
        InfrastructureOptimization: { ScaleInAfter: 600 },
        InstanceLaunchTemplate: Match.objectLike({ CapacityOptionType: kind }),
      }),
    });

    expect(countMatching(gpu, 'AWS::ECS::CapacityProvider', pool('ON_DEMAND'))).toBe(1);
    expect(countMatching(gpu, 'AWS::ECS::CapacityProvider', pool('SPOT'))).toBe(1);
  });

  it('may be an Auto Scaling group from zero, with encrypted disks and drained machines', () => {
    const gpu = group.get('Gpu')!;

    expect(
      countMatching(gpu, 'AWS::AutoScaling::AutoScalingGroup', {
        MinSize: '0',
        MaxSize: '3',
        NewInstancesProtectedFromScaleIn: true,
      }),
    ).toBe(1);
    expect(
      countMatching(gpu, 'AWS::EC2::LaunchTemplate', {
        LaunchTemplateData: Match.objectLike({
          BlockDeviceMappings: [Match.objectLike({ Ebs: Match.objectLike({ Encrypted: true }) })],
          MetadataOptions: Match.objectLike({ HttpTokens: 'required' }),
        }),
      }),
    ).toBe(1);
    expect(
      countMatching(gpu, 'AWS::ECS::CapacityProvider', {
        AutoScalingGroupProvider: Match.objectLike({
          ManagedDraining: 'ENABLED',
          ManagedTerminationProtection: 'ENABLED',
        }),
      }),
    ).toBe(1);
  });

  it('gives machines of an Auto Scaling group what membership of the cluster takes, and no data', () => {
    const statements = statementsOf(group.get('Gpu')!, /InstanceRole/);

    expect(actionsOf(statements)).toEqual([
      'ecr:GetAuthorizationToken',
      'ecs:DeregisterContainerInstance',
      'ecs:DiscoverPollEndpoint',
      'ecs:Poll',
      'ecs:RegisterContainerInstance',
      'ecs:StartTelemetrySession',
      'ecs:SubmitAttachmentStateChanges',
      'ecs:SubmitContainerStateChange',
      'ecs:SubmitTaskStateChange',
      'ecs:UpdateContainerInstancesState',
    ]);
  });

  it('has the names by which the functions that start tasks ask for it', () => {
    const namesOf = (templates: ReturnType<typeof synthesise>): unknown[] =>
      Object.values(templates.get('Gpu')!.findResources('AWS::ECS::CapacityProvider'))
        .map((one) => (one as { Properties: { Name?: unknown } }).Properties.Name)
        .sort();
    const toldTo = (templates: ReturnType<typeof synthesise>, lambda: string): unknown[] => {
      const functions = templates.get('Orchestration')!.findResources('AWS::Lambda::Function', {
        Properties: { FunctionName: `gantry-${lambda}` },
      }) as Record<string, { Properties: { Environment: { Variables: Record<string, string> } } }>;
      return Object.values(functions).flatMap(({ Properties }) => {
        const capacity = readGpuCapacity(Properties.Environment.Variables, 'gantry');
        return 'onDemand' in capacity
          ? [capacity.onDemand, ...(capacity.spot === undefined ? [] : [capacity.spot])]
          : [];
      });
    };

    for (const templates of [standard, group]) {
      expect(namesOf(templates).length).toBeGreaterThan(0);
      for (const lambda of ['advance', 'tasks']) {
        expect(toldTo(templates, lambda).sort()).toEqual(namesOf(templates));
      }
    }
  });

  it.each([
    ['Managed Instances', standard, 'MANAGED_INSTANCES'],
    ['an Auto Scaling group', group, 'EC2'],
  ] as const)('has runners whose task fits machines of %s', (_kind, templates, compatibility) => {
    expect(
      countMatching(templates.get('Workers')!, 'AWS::ECS::TaskDefinition', {
        Family: 'gantry-runner-with-gpu',
        RequiresCompatibilities: [compatibility],
        ContainerDefinitions: [
          Match.objectLike({ ResourceRequirements: [{ Type: 'GPU', Value: '1' }] }),
        ],
      }),
    ).toBe(1);
  });

  it('is left out of a site that wants none, and of its runners', () => {
    const none = synthesise({ gpu: { kind: 'none' } });

    expect(none.has('Gpu')).toBe(false);
    expect(
      countMatching(none.get('Workers')!, 'AWS::ECS::TaskDefinition', {
        Family: 'gantry-runner-with-gpu',
      }),
    ).toBe(0);
  });
});
