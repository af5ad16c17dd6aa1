/**
 * The site's VPC: a new one, or one that is there. Traffic to S3 and DynamoDB, image layers included, goes
 * through free gateway endpoints; the rest through a NAT gateway or, without any way out, interface endpoints.
 */
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SubnetType,
  Vpc,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { programLogs } from './logging.ts';
import { acknowledge } from './acknowledge.ts';
import { privateEndpoints } from './private-endpoints.ts';
import { SUBNETS } from './subnets.ts';

const existingVpc = (
  scope: Construct,
  id: string,
  existing: NonNullable<SiteConfig['network']['existing']>,
): IVpc =>
  Vpc.fromVpcAttributes(scope, id, {
    vpcId: existing.vpcId,
    vpcCidrBlock: existing.cidr,
    availabilityZones: existing.availabilityZones,
    privateSubnetIds: existing.subnetIds,
  });

export const siteVpc = (scope: Construct, id: string, config: SiteConfig): IVpc => {
  const { network } = config;
  if (network.existing !== undefined) return existingVpc(scope, id, network.existing);
  const nat = network.egress === 'nat';
  const inside = nat ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED;
  const vpc = new Vpc(scope, id, {
    ipAddresses: IpAddresses.cidr(network.cidr),
    maxAzs: network.availabilityZones,
    natGateways: nat ? network.natGateways : 0,
    subnetConfiguration: [
      ...(nat
        ? [
            {
              name: SUBNETS.ways,
              subnetType: SubnetType.PUBLIC,
              cidrMask: 26,
              mapPublicIpOnLaunch: false,
            },
          ]
        : []),
      { name: SUBNETS.tasks, subnetType: inside, cidrMask: 22 },
      { name: SUBNETS.balancer, subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 28 },
    ],
  });
  const s3 = vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
  vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
  if (!nat) privateEndpoints(scope, config, { vpc, s3 });
  vpc.addFlowLog('Refused', {
    destination: FlowLogDestination.toCloudWatchLogs(
      programLogs(scope, `${id}FlowLogs`, config, 'vpc-flows'),
    ),
    trafficType: FlowLogTrafficType.REJECT,
  });
  acknowledge(vpc, {
    'HIPAA.Security-VPCNoUnrestrictedRouteToIGW':
      'Of the NAT gateway’s subnets only; no task or load balancer is placed there.',
  });
  // The class is stricter about absent properties than the interface that it implements.
  return vpc as IVpc;
};
