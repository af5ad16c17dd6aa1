/**
 * GPU machines that exist while there is work. A stack of its own, because a capacity provider that is in use cannot be replaced.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import { CfnClusterCapacityProviderAssociations } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
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
    const { onDemand, spot } = gpuCapacity(this, 'Gpu', {
      config,
      vpc: network.vpc,
      securityGroup: network.runnerSecurityGroup,
      clusterName: workers.clusterName,
    });
    new CfnClusterCapacityProviderAssociations(this, 'Association', {
      cluster: workers.clusterName,
      capacityProviders: [
        'FARGATE',
        'FARGATE_SPOT',
        onDemand,
        ...(spot === undefined ? [] : [spot]),
      ],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
    });
    new CfnOutput(this, 'GpuCapacityProvider', { value: onDemand });
    if (spot !== undefined) new CfnOutput(this, 'GpuSpotCapacityProvider', { value: spot });
  }
}
