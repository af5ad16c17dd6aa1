/**
 * GPU machines that exist while there is work. A stack of its own, because a capacity provider that is in use cannot be replaced.
 */
import { Stack } from 'aws-cdk-lib';
import { CfnClusterCapacityProviderAssociations } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { gpuCapacityOf } from '../../core/contracts/gpu-capacity.ts';
import { gpuCapacity } from '../constructs/gpu-capacity.ts';
import type { NetworkStack } from './network-stack.ts';
import type { SiteStackProps } from './site-stack.ts';
import type { WorkersStack } from './workers-stack.ts';

export interface GpuStackProps extends SiteStackProps {
  readonly network: NetworkStack;
  readonly workers: WorkersStack;
}

export class GpuStack extends Stack {
  constructor(scope: Construct, id: string, props: GpuStackProps) {
    super(scope, id, props);
    const { config, network, workers } = props;
    const capacity = gpuCapacityOf(config.deployment, config.gpu.kind, config.gpu.spot);
    if (!('onDemand' in capacity)) throw new RangeError('a site without GPUs has no such stack');
    const providers = gpuCapacity(this, 'Gpu', {
      config,
      capacity,
      vpc: network.vpc,
      securityGroup: network.runnerSecurityGroup,
      clusterName: workers.clusterName,
    });
    new CfnClusterCapacityProviderAssociations(this, 'Association', {
      cluster: workers.clusterName,
      capacityProviders: ['FARGATE', 'FARGATE_SPOT', ...providers],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
    });
  }
}
