/** Which subnets tasks and the load balancer use, and the addresses that modalities call. */
import { SubnetType, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { SiteConfig } from '../config.ts';
import { hostAddress } from '../ipv4.ts';

/** The groups of subnets of a new VPC. */
export const SUBNETS = { ways: 'public', tasks: 'tasks', balancer: 'dimse' } as const;

/** The addresses that modalities call are the same ones of each balancer subnet, where nothing else lives. */
const BALANCER_HOST = 10;

/** Where tasks are placed. */
export const taskSubnets = (config: SiteConfig): SubnetSelection =>
  config.network.existing === undefined
    ? { subnetGroupName: SUBNETS.tasks }
    : { subnetType: SubnetType.PRIVATE_WITH_EGRESS };

/** Where the load balancer is placed: small subnets of its own, so that no task takes its addresses. */
export const balancerSubnets = (config: SiteConfig): SubnetSelection =>
  config.network.existing === undefined
    ? { subnetGroupName: SUBNETS.balancer }
    : taskSubnets(config);

/**
 * One fixed address for each subnet of the balancer, for modalities that hold an address and no name; undefined
 * in an existing VPC whose site names none.
 */
export const balancerAddresses = (config: SiteConfig, vpc: IVpc): readonly string[] | undefined =>
  config.network.existing === undefined
    ? vpc
        .selectSubnets(balancerSubnets(config))
        .subnets.map(({ ipv4CidrBlock }) => hostAddress(ipv4CidrBlock, BALANCER_HOST))
    : config.listener.addresses;
