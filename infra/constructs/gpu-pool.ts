/** What a pool of GPU machines is made from, whichever kind it is. */
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { SiteConfig } from '../config.ts';

export interface GpuPoolProps {
  readonly config: SiteConfig;
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly cluster: ICluster;
  readonly capacityProviderName: string;
  readonly spot: boolean;
}
