/** A capacity provider of ECS Managed Instances with NVIDIA GPUs: from zero and back, patched by AWS. */
import { Size } from 'aws-cdk-lib';
import {
  AcceleratorManufacturer,
  AcceleratorType,
  type ISecurityGroup,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import {
  CapacityOptionType,
  CfnCapacityProvider,
  Cluster,
  ManagedInstancesCapacityProvider,
} from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { taskSubnets } from './site-vpc.ts';

export interface GpuCapacityProps {
  readonly config: SiteConfig;
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly clusterName: string;
}

/** Returns the capacity provider's name, for RunTask's strategy. */
export const gpuCapacity = (
  scope: Construct,
  id: string,
  { config, vpc, securityGroup, clusterName }: GpuCapacityProps,
): string => {
  const { gpu } = config;
  const provider = new ManagedInstancesCapacityProvider(scope, id, {
    subnets: vpc.selectSubnets(taskSubnets(config)).subnets,
    securityGroups: [securityGroup],
    taskVolumeStorage: Size.gibibytes(gpu.diskGiB),
    capacityOptionType: gpu.spot ? CapacityOptionType.SPOT : CapacityOptionType.ON_DEMAND,
    instanceRequirements: {
      vCpuCountMin: gpu.minVcpus,
      memoryMin: Size.mebibytes(gpu.minMemoryMiB),
      acceleratorTypes: [AcceleratorType.GPU],
      acceleratorManufacturers: [AcceleratorManufacturer.NVIDIA],
      acceleratorCountMin: 1,
      allowedInstanceTypes: gpu.instanceTypes,
    },
  });
  provider.bind(Cluster.fromClusterAttributes(scope, `${id}Cluster`, { clusterName, vpc }));
  for (const resource of provider.node.findAll()) {
    if (resource instanceof CfnCapacityProvider) {
      resource.addPropertyOverride(
        'ManagedInstancesProvider.InfrastructureOptimization.ScaleInAfter',
        gpu.scaleInAfterSeconds,
      );
    }
  }
  return provider.capacityProviderName;
};
