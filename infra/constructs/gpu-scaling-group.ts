/**
 * The other kind of GPU capacity: an Auto Scaling group of machines with the GPU image that ECS recommends. It
 * starts two machines for the first task and keeps an idle one for 15 minutes, which is how ECS scales such groups.
 */
import { Duration } from 'aws-cdk-lib';
import {
  AutoScalingGroup,
  OnDemandAllocationStrategy,
  SpotAllocationStrategy,
} from 'aws-cdk-lib/aws-autoscaling';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { AmiHardwareType, AsgCapacityProvider, EcsOptimizedImage } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { GpuPoolProps } from './gpu-pool.ts';
import { taskSubnets } from './subnets.ts';

/** Of the instances: to be a member of the cluster, and nothing that a task could want. */
const instanceRole = (scope: Construct, id: string, clusterArn: string): Role => {
  const role = new Role(scope, `${id}InstanceRole`, {
    assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    description: 'GPU machines: members of the cluster',
  });
  role.addToPolicy(
    new PolicyStatement({
      // Neither knows a resource: they come before the machine is a member.
      actions: ['ecs:DiscoverPollEndpoint', 'ecr:GetAuthorizationToken'],
      resources: ['*'],
    }),
  );
  role.addToPolicy(
    new PolicyStatement({
      actions: ['ecs:RegisterContainerInstance', 'ecs:DeregisterContainerInstance'],
      resources: [clusterArn],
    }),
  );
  role.addToPolicy(
    new PolicyStatement({
      actions: [
        'ecs:Poll',
        'ecs:StartTelemetrySession',
        'ecs:SubmitAttachmentStateChanges',
        'ecs:SubmitContainerStateChange',
        'ecs:SubmitTaskStateChange',
        'ecs:UpdateContainerInstancesState',
      ],
      resources: ['*'],
      conditions: { ArnEquals: { 'ecs:cluster': clusterArn } },
    }),
  );
  return role;
};

const userData = (clusterName: string): UserData => {
  const data = UserData.forLinux();
  data.addCommands(
    'cat >> /etc/ecs/ecs.config <<END',
    `ECS_CLUSTER=${clusterName}`,
    'ECS_ENABLE_GPU_SUPPORT=true',
    // Two minutes' notice: tasks hand their jobs back.
    'ECS_ENABLE_SPOT_INSTANCE_DRAINING=true',
    // Tasks have roles of their own; nothing in a container gets that of the machine.
    'ECS_AWSVPC_BLOCK_IMDS=true',
    'END',
  );
  return data;
};

export const gpuScalingGroup = (
  scope: Construct,
  id: string,
  { capacityProviderName, config, vpc, securityGroup, cluster, spot }: GpuPoolProps,
): string => {
  const { gpu } = config;
  const launchTemplate = new LaunchTemplate(scope, `${id}Template`, {
    machineImage: EcsOptimizedImage.amazonLinux2023(AmiHardwareType.GPU),
    securityGroup,
    role: instanceRole(scope, id, cluster.clusterArn),
    userData: userData(cluster.clusterName),
    requireImdsv2: true,
    detailedMonitoring: true,
    blockDevices: [
      {
        deviceName: '/dev/xvda',
        volume: BlockDeviceVolume.ebs(gpu.diskGiB, {
          volumeType: EbsDeviceVolumeType.GP3,
          encrypted: true,
        }),
      },
    ],
  });
  const group = new AutoScalingGroup(scope, `${id}Group`, {
    vpc,
    vpcSubnets: taskSubnets(config),
    minCapacity: 0,
    maxCapacity: gpu.maxInstances,
    // Protected while a task runs there: ECS takes the protection away when the machine is idle.
    newInstancesProtectedFromScaleIn: true,
    mixedInstancesPolicy: {
      launchTemplate,
      launchTemplateOverrides: gpu.instanceTypes.map((type) => ({
        instanceType: new InstanceType(type),
      })),
      instancesDistribution: {
        onDemandBaseCapacity: 0,
        onDemandPercentageAboveBaseCapacity: spot ? 0 : 100,
        onDemandAllocationStrategy: OnDemandAllocationStrategy.PRIORITIZED,
        spotAllocationStrategy: SpotAllocationStrategy.CAPACITY_OPTIMIZED,
      },
    },
  });
  const inTemplate =
    'It is so in the launch template, which the rule does not read for groups of several types.';
  acknowledge(group, {
    'AwsSolutions-EC26': inTemplate,
    'HIPAA.Security-EC2IMDSv2Enabled': inTemplate,
    'AwsSolutions-AS3':
      'Machines come and go with the work; what matters of it, jobs that wait and runners that do not come, has alarms.',
  });
  return new AsgCapacityProvider(scope, id, {
    capacityProviderName,
    autoScalingGroup: group,
    enableManagedScaling: true,
    enableManagedTerminationProtection: true,
    enableManagedDraining: true,
    targetCapacityPercent: 100,
    instanceWarmupPeriod: Duration.minutes(1).toSeconds(),
    minimumScalingStepSize: 1,
    maximumScalingStepSize: gpu.maxInstances,
  }).capacityProviderName;
};
