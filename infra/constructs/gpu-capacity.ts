/**
 * Machines with NVIDIA GPUs that exist while there is work, in a pool on demand and, if the site wants it, one of
 * Spot capacity. By default ECS Managed Instances: from zero and back, patched by AWS.
 */
import { Size } from 'aws-cdk-lib';
import { AcceleratorManufacturer, AcceleratorType } from 'aws-cdk-lib/aws-ec2';
import {
  CapacityOptionType,
  CfnCapacityProvider,
  Cluster,
  ManagedInstancesCapacityProvider,
} from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { GpuCapacity, GpuPoolKind } from '../../core/contracts/gpu-capacity.ts';
import { acknowledge } from './acknowledge.ts';
import type { GpuPoolProps } from './gpu-pool.ts';
import { gpuScalingGroup } from './gpu-scaling-group.ts';
import { taskSubnets } from './subnets.ts';

export interface GpuCapacityProps extends Omit<
  GpuPoolProps,
  'cluster' | 'spot' | 'capacityProviderName'
> {
  readonly clusterName: string;
  readonly capacity: Extract<GpuCapacity, { readonly kind: GpuPoolKind }>;
}

const managedInstances = (
  scope: Construct,
  id: string,
  { capacityProviderName, config, vpc, securityGroup, cluster, spot }: GpuPoolProps,
): string => {
  const { gpu } = config;
  const provider = new ManagedInstancesCapacityProvider(scope, id, {
    capacityProviderName,
    subnets: vpc.selectSubnets(taskSubnets(config)).subnets,
    securityGroups: [securityGroup],
    taskVolumeStorage: Size.gibibytes(gpu.diskGiB),
    capacityOptionType: spot ? CapacityOptionType.SPOT : CapacityOptionType.ON_DEMAND,
    instanceRequirements: {
      vCpuCountMin: gpu.minVcpus,
      memoryMin: Size.mebibytes(gpu.minMemoryMiB),
      acceleratorTypes: [AcceleratorType.GPU],
      acceleratorManufacturers: [AcceleratorManufacturer.NVIDIA],
      acceleratorCountMin: 1,
      allowedInstanceTypes: gpu.instanceTypes,
    },
  });
  provider.bind(cluster);
  for (const resource of provider.node.findAll()) {
    if (resource instanceof CfnCapacityProvider) {
      // Not a property of the construct yet; without it, machines go when AWS thinks so.
      resource.addPropertyOverride(
        'ManagedInstancesProvider.InfrastructureOptimization.ScaleInAfter',
        gpu.scaleInAfterSeconds,
      );
    }
  }
  acknowledge(provider, {
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances]':
      'ECS itself assumes the role to run the machines; AWS keeps its policy in step with the service.',
  });
  return provider.capacityProviderName;
};

/** Makes the pools; returns the names of their capacity providers. */
export const gpuCapacity = (
  scope: Construct,
  id: string,
  { clusterName, capacity, ...props }: GpuCapacityProps,
): string[] => {
  const cluster = Cluster.fromClusterAttributes(scope, `${id}Cluster`, {
    clusterName,
    vpc: props.vpc,
  });
  const pool = capacity.kind === 'auto-scaling-group' ? gpuScalingGroup : managedInstances;
  const make = (suffix: string, capacityProviderName: string, spot: boolean): string =>
    pool(scope, `${id}${suffix}`, { ...props, cluster, capacityProviderName, spot });
  return [
    make('', capacity.onDemand, false),
    ...(capacity.spot === undefined ? [] : [make('Spot', capacity.spot, true)]),
  ];
};
