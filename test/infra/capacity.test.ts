/** What there is to work on: listener tasks that follow their associations, and GPU machines of either kind. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
import { countMatching, synthesise } from './synthesised.ts';

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

  it('is left out of a site that wants none', () => {
    expect(synthesise({ gpu: { kind: 'none' } }).has('Gpu')).toBe(false);
  });
});
