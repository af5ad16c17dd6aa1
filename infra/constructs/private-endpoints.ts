/**
 * Ways to the AWS APIs for a VPC without any way to the Internet: an endpoint in each zone for every service that
 * tasks call. The gateway endpoint of S3 lets through to the account's own buckets and to those of image layers.
 */
import { Stack } from 'aws-cdk-lib';
import {
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  type GatewayVpcEndpoint,
  type IVpc,
  type Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { taskSubnets } from './subnets.ts';

/** What listener and runners call. KMS is called by S3 and DynamoDB on their behalf. */
const OF_TASKS = {
  Ecr: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  States: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
} as const;

/** Likewise, where the listener has its certificate in a secret. */
const FOR_TLS = { Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER } as const;

/** What the agent on a GPU machine calls. */
const OF_MACHINES = {
  Ecs: InterfaceVpcEndpointAwsService.ECS,
  EcsAgent: InterfaceVpcEndpointAwsService.ECS_AGENT,
  EcsTelemetry: InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
} as const;

const restrictS3 = (endpoint: GatewayVpcEndpoint, { account, region }: Stack): void => {
  endpoint.addToPolicy(
    new PolicyStatement({
      sid: 'BucketsOfThisAccount',
      principals: [new AnyPrincipal()],
      actions: ['s3:*'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:ResourceAccount': account } },
    }),
  );
  endpoint.addToPolicy(
    new PolicyStatement({
      sid: 'ImageLayers',
      principals: [new AnyPrincipal()],
      actions: ['s3:GetObject'],
      resources: [`arn:aws:s3:::prod-${region}-starport-layer-bucket/*`],
    }),
  );
};

export const privateEndpoints = (
  scope: Construct,
  config: SiteConfig,
  { vpc, s3 }: { readonly vpc: Vpc; readonly s3: GatewayVpcEndpoint },
): void => {
  const securityGroup = new SecurityGroup(scope, 'Endpoints', {
    vpc: vpc as IVpc,
    description: 'Endpoints of AWS services: HTTPS from within the VPC',
    allowAllOutbound: false,
  });
  securityGroup.addIngressRule(Peer.ipv4(config.network.cidr), Port.tcp(443), 'HTTPS');
  const services = {
    ...OF_TASKS,
    ...(config.listener.tls === undefined ? {} : FOR_TLS),
    ...(config.gpu.kind === 'none' ? {} : OF_MACHINES),
  };
  for (const [name, service] of Object.entries(services)) {
    vpc.addInterfaceEndpoint(name, {
      service,
      subnets: taskSubnets(config),
      securityGroups: [securityGroup],
      open: false,
    });
  }
  restrictS3(s3, Stack.of(scope));
};
