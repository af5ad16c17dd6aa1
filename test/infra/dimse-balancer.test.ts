/** What modalities need of the load balancer: see docs/architecture.md and the comments of its construct. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { countMatching, synthesise } from './synthesised.ts';

const listener = synthesise({
  network: { modalityCidrs: ['10.20.0.0/16'] },
  listener: { drainSeconds: 900 },
}).get('Listener')!;

const attributes = (type: string, property: string): Record<string, string> => {
  const [resource] = Object.values(listener.findResources(type)) as {
    Properties: Record<string, { Key: string; Value: string }[]>;
  }[];
  return Object.fromEntries(
    (resource?.Properties[property] ?? []).map(({ Key, Value }) => [Key, Value]),
  );
};

describe('the load balancer of the listener', () => {
  it('is internal and passes TCP through', () => {
    expect(
      countMatching(listener, 'AWS::ElasticLoadBalancingV2::LoadBalancer', {
        Scheme: 'internal',
        Type: 'network',
      }),
    ).toBe(1);
    expect(
      countMatching(listener, 'AWS::ElasticLoadBalancingV2::Listener', {
        Port: 11_112,
        Protocol: 'TCP',
      }),
    ).toBe(1);
  });

  it('lets associations be idle for an hour', () => {
    expect(attributes('AWS::ElasticLoadBalancingV2::Listener', 'ListenerAttributes')).toMatchObject(
      { 'tcp.idle_timeout.seconds': '3600' },
    );
  });

  it('keeps callers’ addresses, drains for 15 minutes and cuts no association of an unhealthy target', () => {
    expect(
      attributes('AWS::ElasticLoadBalancingV2::TargetGroup', 'TargetGroupAttributes'),
    ).toMatchObject({
      'preserve_client_ip.enabled': 'true',
      'deregistration_delay.timeout_seconds': '900',
      'target_health_state.unhealthy.connection_termination.enabled': 'false',
    });
  });

  it('asks for health over HTTP, where it counts as no association', () => {
    expect(
      countMatching(listener, 'AWS::ElasticLoadBalancingV2::TargetGroup', {
        HealthCheckProtocol: 'HTTP',
        HealthCheckPort: '8080',
        HealthCheckPath: '/healthz',
      }),
    ).toBe(1);
  });

  it('lets the networks of the modalities in, at itself and at the listener', () => {
    expect(
      countMatching(listener, 'AWS::EC2::SecurityGroup', {
        SecurityGroupIngress: Match.arrayWith([
          Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 11_112, ToPort: 11_112 }),
        ]),
      }),
    ).toBe(2);
  });
});
