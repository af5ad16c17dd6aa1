/** What modalities need of the load balancer: see docs/architecture.md and the comments of its construct. */
import { Match } from 'aws-cdk-lib/assertions';
import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
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

  it('sends to the tasks of either zone, and is deleted by nobody in passing', () => {
    expect(
      attributes('AWS::ElasticLoadBalancingV2::LoadBalancer', 'LoadBalancerAttributes'),
    ).toMatchObject({
      'load_balancing.cross_zone.enabled': 'true',
      'deletion_protection.enabled': 'true',
    });
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

describe('with a port for TLS', () => {
  const templates = synthesise({
    network: { modalityCidrs: ['10.20.0.0/16'] },
    listener: { tls: { requireClientCertificates: true } },
  });
  const secured = templates.get('Listener')!;
  const targetGroups = (template: Template) =>
    Object.values(template.findResources('AWS::ElasticLoadBalancingV2::TargetGroup')).map(
      (resource) => (resource as { Properties: Record<string, unknown> }).Properties,
    );

  it('there is a second listener that passes TCP through, as patient as the first', () => {
    for (const Port of [11_112, 2762]) {
      expect(
        countMatching(secured, 'AWS::ElasticLoadBalancingV2::Listener', {
          ...{ Port, Protocol: 'TCP' },
          ListenerAttributes: [{ Key: 'tcp.idle_timeout.seconds', Value: '3600' }],
        }),
      ).toBe(1);
    }
    expect(countMatching(secured, 'AWS::ElasticLoadBalancingV2::Listener', {})).toBe(2);
  });

  it('its targets are checked, drained and kept like those of the plain port', () => {
    const [plain, tls] = targetGroups(secured);

    expect(tls).toEqual({ ...plain, Port: 2762 });
    expect(tls).toMatchObject({
      Protocol: 'TCP',
      ...{ HealthCheckProtocol: 'HTTP', HealthCheckPort: '8080', HealthCheckPath: '/healthz' },
    });
  });

  it('the service is registered with both, and its container has both ports', () => {
    expect(
      countMatching(secured, 'AWS::ECS::Service', {
        LoadBalancers: [
          Match.objectLike({ ContainerName: 'main', ContainerPort: 11_112 }),
          Match.objectLike({ ContainerName: 'main', ContainerPort: 2762 }),
        ],
      }),
    ).toBe(1);
    expect(
      countMatching(secured, 'AWS::ECS::TaskDefinition', {
        ContainerDefinitions: [
          Match.objectLike({
            PortMappings: [11_112, 2762, 8080].map((ContainerPort) =>
              Match.objectLike({ ContainerPort }),
            ),
            Environment: Match.arrayWith([
              { Name: ENV.dimseTlsPort, Value: '2762' },
              { Name: ENV.tlsSecretArn, Value: { Ref: 'TlsSecret' } },
              { Name: ENV.tlsRequireClientCertificates, Value: 'true' },
            ]),
          }),
        ],
      }),
    ).toBe(1);
  });

  it('the same networks are let in, at the balancer and at the listener', () => {
    expect(
      countMatching(secured, 'AWS::EC2::SecurityGroup', {
        SecurityGroupIngress: Match.arrayWith([
          Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 2762, ToPort: 2762 }),
        ]),
      }),
    ).toBe(2);
  });

  it('the secret is under the customer’s key, empty, and outlives the stack', () => {
    const secrets = secured.findResources('AWS::SecretsManager::Secret');

    expect(Object.keys(secrets)).toEqual(['TlsSecret']);
    expect(secrets['TlsSecret']).toMatchObject({
      ...{ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
      Properties: { KmsKeyId: { 'Fn::ImportValue': expect.stringContaining('Key') as string } },
    });
    expect(Object.keys((secrets['TlsSecret'] as { Properties: object }).Properties)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/SecretString/)]),
    );
  });

  it('a site without it has no secret, no second listener, and nobody may read a secret', () => {
    expect(countMatching(listener, 'AWS::SecretsManager::Secret', {})).toBe(0);
    expect(countMatching(listener, 'AWS::ElasticLoadBalancingV2::Listener', {})).toBe(1);
    expect(JSON.stringify(listener.toJSON())).not.toContain('secretsmanager');
  });
});
