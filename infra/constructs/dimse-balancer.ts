/**
 * The internal network load balancer in front of the listener. TCP is passed through; associations are idle
 * for long and must survive a failed health check, a deployment and the listener's own timers.
 */
import { Duration } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup, type IVpc } from 'aws-cdk-lib/aws-ec2';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { NetworkLoadBalancer, Protocol } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { callerNetworks, type SiteConfig } from '../config.ts';
import { LISTENER_HEALTH_PORT } from '../config-schema.ts';
import { acknowledge } from './acknowledge.ts';
import { balancerAddresses, balancerSubnets } from './subnets.ts';

export interface DimseBalancerProps {
  readonly config: SiteConfig;
  readonly vpc: IVpc;
  readonly service: FargateService;
}

/** What modalities call: a fixed address in each zone if there is one, else the balancer's name. */
export interface DimseBalancer {
  readonly addresses: readonly string[];
  readonly dnsName: string;
}

/** A modality may be silent for this long; the listener's own timers are shorter and end it in order. */
const IDLE = Duration.hours(1);

/** TCP is passed through to the listener's port of the same number. */
const forward = (
  balancer: NetworkLoadBalancer,
  id: string,
  { port, service, drainSeconds }: { port: number; service: FargateService; drainSeconds: number },
): void => {
  const listener = balancer.addListener(id, { port, tcpIdleTimeout: IDLE });
  const targets = listener.addTargets('Listener', {
    port,
    protocol: Protocol.TCP,
    targets: [service.loadBalancerTarget({ containerName: 'main', containerPort: port })],
    // Callers are known by their address.
    preserveClientIp: true,
    deregistrationDelay: Duration.seconds(drainSeconds),
    // ECS replaces a task that fails the check of any of its target groups, so a TLS port that waits for its
    // certificate is healthy: else the plain port would go down with it, and no first deployment come to an end.
    healthCheck: {
      protocol: Protocol.HTTP,
      port: String(LISTENER_HEALTH_PORT),
      path: '/healthz',
      interval: Duration.seconds(10),
    },
  });
  // By default a target that fails its check loses every open association.
  targets.setAttribute('target_health_state.unhealthy.connection_termination.enabled', 'false');
};

export const dimseBalancer = (
  scope: Construct,
  id: string,
  { config, vpc, service }: DimseBalancerProps,
): DimseBalancer => {
  const { port, tls, drainSeconds } = config.listener;
  const securityGroup = new SecurityGroup(scope, `${id}SecurityGroup`, {
    vpc,
    description: 'Load balancer of the listener: DIMSE from modalities',
    allowAllOutbound: true,
  });
  const ports = [
    { id: 'Dimse', port, what: 'DIMSE' },
    ...(tls === undefined ? [] : [{ id: 'DimseTls', port: tls.port, what: 'DIMSE over TLS' }]),
  ];
  for (const cidr of callerNetworks(config)) {
    for (const open of ports) {
      securityGroup.addIngressRule(Peer.ipv4(cidr), Port.tcp(open.port), open.what);
      // The callers' own addresses reach the listener, so its group has to let them in too.
      service.connections.allowFrom(Peer.ipv4(cidr), Port.tcp(open.port), open.what);
    }
  }
  const addresses = balancerAddresses(config, vpc);
  const { subnets } = vpc.selectSubnets(balancerSubnets(config));
  const balancer = new NetworkLoadBalancer(scope, id, {
    vpc,
    internetFacing: false,
    // The address of a zone stays useful when only that zone's tasks are gone.
    crossZoneEnabled: true,
    securityGroups: [securityGroup],
    deletionProtection: true,
    subnetMappings: subnets.map((subnet, index) => {
      const privateIpv4Address = addresses?.[index];
      return { subnet, ...(privateIpv4Address === undefined ? {} : { privateIpv4Address }) };
    }),
  });
  service.connections.allowFrom(securityGroup, Port.tcp(LISTENER_HEALTH_PORT), 'Health checks');

  for (const open of ports) forward(balancer, open.id, { ...open, service, drainSeconds });
  const noAccessLog =
    'A network load balancer writes access logs for TLS listeners only; here TCP passes through. Who called is in the listener’s audit messages.';
  acknowledge(balancer, {
    'AwsSolutions-ELB2': noAccessLog,
    'HIPAA.Security-ELBLoggingEnabled': noAccessLog,
    'HIPAA.Security-ELBv2ACMCertificateRequired':
      'TLS ends in the listener, which binds a client’s certificate to its AE title (PS3.15); the plain port is reached through the VPN only.',
  });
  return { addresses: addresses ?? [], dnsName: balancer.loadBalancerDnsName };
};
