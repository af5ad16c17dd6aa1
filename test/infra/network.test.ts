/** How the hospital reaches the listener, and how tasks reach AWS, on the worked sites. */
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
import { allResources, countMatching, synthesise } from './synthesised.ts';

const site = (name: string) => synthesise(join(import.meta.dirname, '../../examples/sites', name));
const trial = site('trial.json');
const hospital = site('hospital.json');
const group = site('hospital-group.json');
const existing = synthesise({
  network: {
    existing: {
      vpcId: 'vpc-0123456789abcdef0',
      cidr: '10.9.0.0/20',
      availabilityZones: ['eu-central-1a', 'eu-central-1b'],
      subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    },
    modalityCidrs: ['10.50.0.0/16'],
  },
  listener: { addresses: ['10.9.0.20', '10.9.4.20'] },
});

type Templates = typeof trial;

const count = (templates: Templates, type: string): number =>
  [...allResources(templates).values()].filter(({ Type }) => Type === type).length;

const addressesOf = (templates: Templates): unknown[] =>
  [...allResources(templates).values()]
    .filter(({ Type }) => Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer')
    .flatMap(({ Properties }) => Properties['SubnetMappings'] as { PrivateIPv4Address: unknown }[])
    .map(({ PrivateIPv4Address }) => PrivateIPv4Address);

const endpointsOf = (templates: Templates): string[] =>
  [...allResources(templates).values()]
    .filter(({ Type, Properties }) =>
      Type === 'AWS::EC2::VPCEndpoint' ? Properties['VpcEndpointType'] === 'Interface' : false,
    )
    .map(({ Properties }) => String(Properties['ServiceName']).split('.').slice(3).join('.'))
    .sort();

describe('the network of a site', () => {
  it('gives modalities a fixed address in each zone, outside the subnets of tasks', () => {
    expect(addressesOf(trial)).toEqual(['10.61.12.10', '10.61.12.26']);
    expect(addressesOf(hospital)).toEqual(['10.61.12.10', '10.61.12.26']);
    expect(addressesOf(group)).toEqual(['10.80.8.10', '10.80.8.26']);
  });

  it('takes the addresses that the site has chosen in a VPC that is there', () => {
    expect(addressesOf(existing)).toEqual(['10.9.0.20', '10.9.4.20']);
    expect(count(existing, 'AWS::EC2::VPC')).toBe(0);
  });

  it.each([
    ['a new VPC', hospital],
    ['a VPC without a way to the Internet', group],
    ['a VPC that is there', existing],
  ])('lets nothing out of registry functions, nor in, in %s', (_, templates) => {
    const network = templates.get('Network')!;
    const [[id, closed] = ['', undefined], ...others] = Object.entries(
      network.findResources('AWS::EC2::SecurityGroup', {
        Properties: { GroupDescription: Match.stringLikeRegexp('^Registry functions') },
      }) as Record<string, { Properties: Record<string, unknown> }>,
    );
    const rules = [...allResources(templates).values()].filter(
      ({ Type, Properties }) =>
        /^AWS::EC2::SecurityGroup(In|E)gress$/.test(Type) &&
        JSON.stringify(Properties['GroupId']).includes(id),
    );
    const api = templates.get('Orchestration')!.findResources('AWS::Lambda::Function', {
      Properties: { FunctionName: Match.stringLikeRegexp('-api$') },
    });

    expect(others).toEqual([]);
    expect(closed?.Properties).not.toHaveProperty('SecurityGroupIngress');
    // A group without any rule would get one from AWS that lets everything out: this one matches no traffic.
    expect(closed?.Properties['SecurityGroupEgress']).toEqual([
      expect.objectContaining({ CidrIp: '255.255.255.255/32', IpProtocol: 'icmp' }),
    ]);
    expect(rules).toEqual([]);
    expect(Object.keys(api)).toHaveLength(1);
    expect(JSON.stringify(api)).toMatch(
      new RegExp(`"${ENV.registrySecurityGroup}":{"Fn::ImportValue":"[^"]*${id}`),
    );
  });

  it('has one NAT gateway, or none and an endpoint for each service that tasks call', () => {
    expect(count(hospital, 'AWS::EC2::NatGateway')).toBe(1);
    expect(endpointsOf(hospital)).toEqual([]);
    expect(count(group, 'AWS::EC2::NatGateway')).toBe(0);
    expect(count(group, 'AWS::EC2::InternetGateway')).toBe(0);
    expect(endpointsOf(group)).toEqual([
      'ecr.api',
      'ecr.dkr',
      'ecs',
      'ecs-agent',
      'ecs-telemetry',
      'logs',
      'secretsmanager',
      'sqs',
      'states',
    ]);
  });

  it('lets tasks of an isolated site reach buckets of their own account and image layers only', () => {
    expect(
      countMatching(group.get('Network')!, 'AWS::EC2::VPCEndpoint', {
        VpcEndpointType: 'Gateway',
        PolicyDocument: {
          Statement: [
            Match.objectLike({
              Condition: { StringEquals: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } },
            }),
            Match.objectLike({
              Action: 's3:GetObject',
              Resource: 'arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*',
            }),
          ],
        },
      }),
    ).toBe(1);
  });

  it('connects one hospital by a VPN gateway that tells its routes to tasks and load balancer', () => {
    const network = hospital.get('Network')!;

    expect(
      countMatching(network, 'AWS::EC2::CustomerGateway', {
        IpAddress: '198.51.100.17',
        BgpAsn: 65_010,
      }),
    ).toBe(1);
    expect(countMatching(network, 'AWS::EC2::VPNConnection', { StaticRoutesOnly: false })).toBe(1);
    const [propagation] = Object.values(
      network.findResources('AWS::EC2::VPNGatewayRoutePropagation'),
    ) as { Properties: { RouteTableIds: unknown[] } }[];
    expect(propagation?.Properties.RouteTableIds).toHaveLength(4);
  });

  it('routes the networks of a device without BGP as they are written', () => {
    const fixed = synthesise({
      network: {
        connection: {
          kind: 'site-to-site',
          routing: 'static',
          sites: [
            { name: 'old', address: '198.51.100.1', networks: ['10.1.0.0/16', '10.2.0.0/16'] },
          ],
        },
      },
    });

    expect(count(fixed, 'AWS::EC2::VPNConnectionRoute')).toBe(2);
    expect(
      countMatching(fixed.get('Network')!, 'AWS::EC2::VPNConnection', { StaticRoutesOnly: true }),
    ).toBe(1);
  });

  it('connects several hospitals over a Transit Gateway, with a way back to each of their networks', () => {
    const network = group.get('Network')!;

    expect(count(group, 'AWS::EC2::TransitGateway')).toBe(1);
    expect(count(group, 'AWS::EC2::VPNConnection')).toBe(3);
    expect(count(group, 'AWS::EC2::VPNGateway')).toBe(0);
    const back = Object.values(network.findResources('AWS::EC2::Route')) as {
      Properties: { DestinationCidrBlock: string; TransitGatewayId?: unknown };
    }[];
    const destinations = back
      .filter(({ Properties }) => Properties.TransitGatewayId !== undefined)
      .map(({ Properties }) => Properties.DestinationCidrBlock);
    expect([...new Set(destinations)].sort()).toEqual([
      '10.31.0.0/16',
      '10.32.0.0/16',
      '10.33.64.0/22',
      '10.33.8.0/21',
    ]);
    // Two tables of tasks, two of the load balancer.
    expect(destinations).toHaveLength(16);
  });

  it('lets the sites’ networks and the VPC call the listener, and nobody else', () => {
    const groups = Object.values(
      group.get('Listener')!.findResources('AWS::EC2::SecurityGroup'),
    ) as {
      Properties: { SecurityGroupIngress?: { CidrIp: string; FromPort: number }[] };
    }[];

    expect(groups).toHaveLength(2);
    for (const { Properties } of groups) {
      const callers = (Properties.SecurityGroupIngress ?? []).filter(
        ({ FromPort }) => FromPort === 11_112,
      );
      expect(callers.map(({ CidrIp }) => CidrIp).sort()).toEqual([
        '10.31.0.0/16',
        '10.32.0.0/16',
        '10.33.64.0/22',
        '10.33.8.0/21',
        '10.80.0.0/16',
      ]);
    }
  });
});
