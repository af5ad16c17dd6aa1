/** A site's configuration: defaults, and all problems at once. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callerNetworks, loadSiteConfig, SiteConfigInvalid } from '../../infra/config.ts';

const load = (site: unknown, name = 'tested') =>
  loadSiteConfig((key) => ({ site: name, sites: { tested: site } })[key], 'eu-central-1');

const problemsOf = (action: () => unknown): readonly string[] => {
  try {
    action();
  } catch (error) {
    if (error instanceof SiteConfigInvalid) return error.problems;
    throw error;
  }
  return [];
};

describe('the configuration of a site', () => {
  it('has a default for everything', () => {
    expect(load({})).toMatchObject({
      profile: 'standard',
      region: 'eu-central-1',
      deployment: 'gantry',
      network: { egress: 'nat', connection: { kind: 'none' } },
      listener: { port: 11_112, tasks: 2, drainSeconds: 900 },
    });
  });

  it('names every problem at once', () => {
    const problems = problemsOf(() =>
      load({ profile: 'cloud', listener: { port: 0 }, runnerz: {}, network: { cidr: 'ten' } }),
    );

    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(/profile.*/);
    expect(problems.join('\n')).toMatch(/listener\.port/);
    expect(problems.join('\n')).toMatch(/runnerz/);
    expect(problems.join('\n')).toMatch(/network\.cidr/);
  });

  it('has no port for TLS unless asked for, and DICOM’s own then', () => {
    expect(load({}).listener.tls).toBeUndefined();
    expect(load({ listener: { tls: {} } }).listener.tls).toEqual({
      port: 2762,
      requireClientCertificates: false,
    });
  });

  it('refuses ports that are taken, all of them at once', () => {
    expect(problemsOf(() => load({ listener: { port: 8080, tls: { port: 8080 } } }))).toEqual([
      'listener.port: 8080 is the port of the health check',
      'listener.tls.port: 8080 is the port of the health check',
    ]);
    expect(problemsOf(() => load({ listener: { port: 2762, tls: {} } }))).toEqual([
      'listener.tls.port: 2762 is the port of listener.port',
    ]);
  });

  it('refuses memory that Fargate does not have for that CPU', () => {
    expect(problemsOf(() => load({ runners: { cpu: 256, memoryMiB: 8192 } }))).toEqual([
      'runners.memoryMiB: with 256 CPU units, Fargate has 512 to 2048 MiB',
    ]);
  });

  it('says which sites there are when the named one is not there', () => {
    expect(problemsOf(() => load({}, 'elsewhere'))).toEqual([
      'there is no such site in cdk.json; known: tested; or name a file that ends in .json',
    ]);
  });

  it('is read from a file, whose problems are told like others', () => {
    const file = join(import.meta.dirname, '../../examples/sites/hospital.json');
    const context = (site: string) => (key: string) => ({ site })[key];

    expect(callerNetworks(loadSiteConfig(context(file)))).toEqual([
      '10.61.0.0/16',
      '10.20.0.0/16',
      '10.21.4.0/24',
    ]);
    expect(problemsOf(() => loadSiteConfig(context('/nowhere/site.json')))).toHaveLength(1);
  });

  it.each([
    ['lean', { tasks: 1, egress: 'nat' }],
    ['standard', { tasks: 2, egress: 'nat' }],
    ['isolated', { tasks: 2, egress: 'endpoints' }],
  ] as const)('takes what it does not say from the profile %s', (profile, expected) => {
    const { listener, network } = load({ profile });

    expect({ tasks: listener.tasks, egress: network.egress }).toEqual(expected);
    expect(load({ profile, listener: { tasks: 3 } }).listener.tasks).toBe(3);
  });

  it('needs a Region, of its own or of the credentials', () => {
    const context = (key: string) => ({ site: 'a', sites: { a: {} } })[key];

    expect(problemsOf(() => loadSiteConfig(context))).toEqual([
      'region: name the AWS Region, such as eu-central-1',
    ]);
  });

  it('refuses networks that overlap, whichever two', () => {
    const site = (name: string, ...networks: string[]) => ({
      name,
      address: '198.51.100.1',
      networks,
    });
    const problems = problemsOf(() =>
      load({
        network: {
          cidr: '10.61.0.0/16',
          connection: {
            kind: 'transit-gateway',
            sites: [
              site('north', '10.61.128.0/24', '10.1.0.0/16'),
              site('south', '10.1.2.0/24'),
              site('south', '10.2.0.0/24'),
            ],
          },
        },
      }),
    );

    expect(problems).toEqual([
      'network.connection.sites: "south" is there twice',
      "network: 10.61.128.0/24 (north) overlaps with the VPC's own 10.61.0.0/16",
      'network: 10.1.0.0/16 (north) overlaps with 10.1.2.0/24 (south)',
    ]);
  });

  it('refuses what an existing VPC cannot be asked for, and what fits nowhere', () => {
    const problems = problemsOf(() =>
      load({
        profile: 'isolated',
        network: {
          egress: 'nat',
          existing: {
            vpcId: 'vpc-0123456789abcdef0',
            cidr: '10.9.0.0/20',
            availabilityZones: ['eu-central-1a', 'eu-central-1b'],
            subnetIds: ['subnet-0123456789abcdef0'],
          },
          connection: { kind: 'transit-gateway', id: 'tgw-0123456789abcdef0' },
        },
        listener: { addresses: ['10.8.0.1'], tasks: 4, maxTasks: 3 },
        gpu: { kind: 'auto-scaling-group' },
      }),
    );

    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'network.existing',
      'network.connection',
      'listener.addresses',
      'network.egress',
      'listener.maxTasks',
      'gpu.instanceTypes',
    ]);
  });
});
