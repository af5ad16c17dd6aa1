/** The VPC in which listener and runners live, and how the hospital reaches it: no task has a public address. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import { SecurityGroup, type ISecurityGroup, type IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { siteConnection } from '../constructs/site-connection.ts';
import { siteVpc } from '../constructs/site-vpc.ts';
import { taskSubnets } from '../constructs/subnets.ts';
import type { SiteStackProps } from './site-stack.ts';

export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  /** Of runners: nobody may call them. */
  readonly runnerSecurityGroup: ISecurityGroup;
  readonly taskPlacement: {
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
  };
  /** Of registry functions: nothing goes out, nothing comes in. */
  readonly registrySecurityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, props: SiteStackProps) {
    super(scope, id, props);
    this.vpc = siteVpc(this, 'Vpc', props.config);
    siteConnection(this, props.config, this.vpc);
    this.runnerSecurityGroup = new SecurityGroup(this, 'Runners', {
      vpc: this.vpc,
      description: 'Runners: they call, nobody calls them',
      allowAllOutbound: true,
    });
    this.taskPlacement = {
      subnets: this.vpc.selectSubnets(taskSubnets(props.config)).subnetIds,
      securityGroups: [this.runnerSecurityGroup.securityGroupId],
    };
    this.registrySecurityGroup = new SecurityGroup(this, 'Registry', {
      vpc: this.vpc,
      description: 'Registry functions: they call nobody, nobody calls them',
      allowAllOutbound: false,
    });
    new CfnOutput(this, 'VpcId', { value: this.vpc.vpcId });
  }
}
