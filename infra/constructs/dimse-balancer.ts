/**
 * The internal network load balancer in front of the listener. TCP is passed through; associations are idle
 * for long and must survive a failed health check, a deployment and the listener's own timers.
 */
import { Duration } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup, type IVpc } from 'aws-cdk-lib/aws-ec2';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { NetworkLoadBalancer, Protocol } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { LISTENER_HEALTH_PORT } from './listener-service.ts';
import { taskSubnets } from './site-vpc.ts';

export interface DimseBalancerProps {
  readonly config: SiteConfig;
  readonly vpc: IVpc;
  readonly service: FargateService;
}

export const dimseBalancer = (
  scope: Construct,
  id: string,
  { config, vpc, service }: DimseBalancerProps,
): NetworkLoadBalancer => {
  const { port, drainSeconds } = config.listener;
  const securityGroup = new SecurityGroup(scope, `${id}SecurityGroup`, {
    vpc,
    description: 'Load balancer of the listener: DIMSE from modalities',
    allowAllOutbound: true,
  });
  const callers = [vpc.vpcCidrBlock, ...config.network.modalityCidrs];
  for (const cidr of callers) {
    securityGroup.addIngressRule(Peer.ipv4(cidr), Port.tcp(port), 'DIMSE');
    // The callers' own addresses reach the listener, so its group has to let them in too.
    service.connections.allowFrom(Peer.ipv4(cidr), Port.tcp(port), 'DIMSE');
  }
  const balancer = new NetworkLoadBalancer(scope, id, {
    vpc,
    vpcSubnets: taskSubnets(config),
    internetFacing: false,
    crossZoneEnabled: true,
    securityGroups: [securityGroup],
    deletionProtection: true,
  });
  service.connections.allowFrom(securityGroup, Port.tcp(LISTENER_HEALTH_PORT), 'Health checks');

  // The longest that a modality may be silent; the listener's own timers are shorter and end it in order.
  const listener = balancer.addListener('Dimse', { port, tcpIdleTimeout: Duration.hours(1) });
  const targets = listener.addTargets('Listener', {
    port,
    protocol: Protocol.TCP,
    targets: [service.loadBalancerTarget({ containerName: 'main', containerPort: port })],
    // Callers are known by their address.
    preserveClientIp: true,
    deregistrationDelay: Duration.seconds(drainSeconds),
    healthCheck: {
      protocol: Protocol.HTTP,
      port: String(LISTENER_HEALTH_PORT),
      path: '/healthz',
      interval: Duration.seconds(10),
    },
  });
  // By default a target that fails its check loses every open association.
  targets.setAttribute('target_health_state.unhealthy.connection_termination.enabled', 'false');
  return balancer;
};
