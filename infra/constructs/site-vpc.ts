/**
 * The site's VPC: a new one, or one that is there. Traffic to S3 and DynamoDB, image layers included, goes
 * through free gateway endpoints; the rest through a NAT gateway or, without any way out, interface endpoints.
 */
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  SubnetType,
  Vpc,
  type IVpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { programLogs } from './logging.ts';

const INTERFACE_ENDPOINTS = {
  Ecr: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  States: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
  Ecs: InterfaceVpcEndpointAwsService.ECS,
  EcsAgent: InterfaceVpcEndpointAwsService.ECS_AGENT,
  EcsTelemetry: InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
} as const;

/** Where tasks and the load balancer are placed. */
export const taskSubnets = (config: SiteConfig): SubnetSelection => ({
  subnetType:
    config.network.egress === 'nat' ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED,
});

export const siteVpc = (scope: Construct, id: string, config: SiteConfig): IVpc => {
  const { network } = config;
  if (network.vpcId !== undefined) return Vpc.fromLookup(scope, id, { vpcId: network.vpcId });
  const nat = network.egress === 'nat';
  const vpc = new Vpc(scope, id, {
    ipAddresses: IpAddresses.cidr(network.cidr),
    maxAzs: network.availabilityZones,
    natGateways: nat ? network.natGateways : 0,
    subnetConfiguration: nat
      ? [
          {
            name: 'public',
            subnetType: SubnetType.PUBLIC,
            cidrMask: 26,
            mapPublicIpOnLaunch: false,
          },
          { name: 'tasks', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
        ]
      : [{ name: 'tasks', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 22 }],
    gatewayEndpoints: {
      S3: { service: GatewayVpcEndpointAwsService.S3 },
      DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
    },
  });
  if (!nat) {
    for (const [name, service] of Object.entries(INTERFACE_ENDPOINTS)) {
      vpc.addInterfaceEndpoint(name, { service, subnets: taskSubnets(config) });
    }
  }
  vpc.addFlowLog('Refused', {
    destination: FlowLogDestination.toCloudWatchLogs(
      programLogs(scope, `${id}FlowLogs`, config, 'vpc-flows'),
    ),
    trafficType: FlowLogTrafficType.REJECT,
  });
  // The class is stricter about absent properties than the interface that it implements.
  return vpc as IVpc;
};
