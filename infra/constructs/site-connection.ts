/**
 * How the hospital's networks reach the VPC: VPN connections to a gateway of the VPC, or to a Transit Gateway that
 * several sites and VPCs share. Each connection has two tunnels, which AWS ends in different zones.
 */
import { CfnOutput, Tags } from 'aws-cdk-lib';
import {
  CfnCustomerGateway,
  CfnRoute,
  CfnTransitGateway,
  CfnTransitGatewayVpcAttachment,
  CfnVPNConnection,
  CfnVPNConnectionRoute,
  CfnVPNGatewayRoutePropagation,
  VpnGateway,
  CfnVPCGatewayAttachment,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import type { Connection, RemoteSite } from '../config-schema.ts';
import { balancerSubnets, taskSubnets } from './subnets.ts';

/** Route tables from which the hospital is reached: of the load balancer, and of tasks, which answer by themselves. */
const routeTables = (config: SiteConfig, vpc: IVpc): string[] => [
  ...new Set(
    [balancerSubnets(config), taskSubnets(config)].flatMap((selection) =>
      vpc.selectSubnets(selection).subnets.map(({ routeTable }) => routeTable.routeTableId),
    ),
  ),
];

const connect = (
  scope: Construct,
  site: RemoteSite,
  gateway: { readonly vpnGatewayId: string } | { readonly transitGatewayId: string },
  isStatic: boolean,
): CfnVPNConnection => {
  const customer = new CfnCustomerGateway(scope, `Customer-${site.name}`, {
    type: 'ipsec.1',
    ipAddress: site.address,
    bgpAsn: site.asn,
  });
  const connection = new CfnVPNConnection(scope, `Vpn-${site.name}`, {
    type: 'ipsec.1',
    customerGatewayId: customer.ref,
    staticRoutesOnly: isStatic,
    ...gateway,
  });
  for (const part of [customer, connection]) Tags.of(part).add('Name', site.name);
  new CfnOutput(scope, `VpnConnection-${site.name}`, { value: connection.ref });
  return connection;
};

const siteToSite = (
  scope: Construct,
  config: SiteConfig,
  vpc: IVpc,
  { routing, sites }: Extract<Connection, { kind: 'site-to-site' }>,
): void => {
  const gateway = new VpnGateway(scope, 'VpnGateway', { type: 'ipsec.1' });
  const attachment = new CfnVPCGatewayAttachment(scope, 'VpnGatewayAttachment', {
    vpcId: vpc.vpcId,
    vpnGatewayId: gateway.gatewayId,
  });
  const propagation = new CfnVPNGatewayRoutePropagation(scope, 'VpnRoutes', {
    routeTableIds: routeTables(config, vpc),
    vpnGatewayId: gateway.gatewayId,
  });
  propagation.addResourceDependency(attachment);
  const isStatic = routing === 'static';
  for (const site of sites) {
    const connection = connect(scope, site, { vpnGatewayId: gateway.gatewayId }, isStatic);
    if (!isStatic) continue;
    for (const [index, destinationCidrBlock] of site.networks.entries()) {
      new CfnVPNConnectionRoute(scope, `VpnRoute-${site.name}-${index}`, {
        vpnConnectionId: connection.ref,
        destinationCidrBlock,
      });
    }
  }
};

const transitGateway = (
  scope: Construct,
  config: SiteConfig,
  vpc: IVpc,
  { id, sites }: Extract<Connection, { kind: 'transit-gateway' }>,
): void => {
  const gatewayId =
    id ??
    new CfnTransitGateway(scope, 'TransitGateway', {
      description: `${config.deployment}: sites and VPCs`,
      vpnEcmpSupport: 'enable',
    }).ref;
  const attachment = new CfnTransitGatewayVpcAttachment(scope, 'TransitAttachment', {
    transitGatewayId: gatewayId,
    vpcId: vpc.vpcId,
    // One subnet for each zone: a zone without one is not reached.
    subnetIds: vpc.selectSubnets(balancerSubnets(config)).subnetIds,
  });
  const networks = [...sites.flatMap((site) => site.networks), ...config.network.modalityCidrs];
  for (const [table, routeTableId] of routeTables(config, vpc).entries()) {
    for (const [index, destinationCidrBlock] of networks.entries()) {
      const route = new CfnRoute(scope, `TransitRoute-${table}-${index}`, {
        routeTableId,
        destinationCidrBlock,
        transitGatewayId: gatewayId,
      });
      route.addResourceDependency(attachment);
    }
  }
  // Routes of the gateway's own table come by BGP, which its VPN connections always speak here.
  for (const site of sites) connect(scope, site, { transitGatewayId: gatewayId }, false);
  new CfnOutput(scope, 'TransitGatewayId', { value: gatewayId });
};

export const siteConnection = (scope: Construct, config: SiteConfig, vpc: IVpc): void => {
  const { connection } = config.network;
  switch (connection.kind) {
    case 'none':
      return;
    case 'site-to-site':
      siteToSite(scope, config, vpc, connection);
      return;
    case 'transit-gateway':
      transitGateway(scope, config, vpc, connection);
  }
};
