/** Problems between the fields of a site's configuration: what would fail only when it is deployed, or later. */
import { LISTENER_HEALTH_PORT, type SiteConfig } from './config-schema.ts';
import { isWithin, overlaps, prefixLength } from './ipv4.ts';

/** Combinations of Fargate: memory in MiB that a number of CPU units may have, from, to. */
const FARGATE_MEMORY: Readonly<Record<number, readonly [number, number]>> = {
  256: [512, 2048],
  512: [1024, 4096],
  1024: [2048, 8192],
  2048: [4096, 16_384],
  4096: [8192, 30_720],
  8192: [16_384, 61_440],
  16384: [32_768, 122_880],
};

/** Subnets of a new VPC, up to three kinds in two zones, do not fit into less. */
const SMALLEST_VPC = 20;
const LARGEST_VPC = 16;

const fargateProblems = (
  path: string,
  { cpu, memoryMiB }: { cpu: number; memoryMiB: number },
): string[] => {
  const range = FARGATE_MEMORY[cpu];
  if (range === undefined) {
    return [`${path}.cpu: Fargate has ${Object.keys(FARGATE_MEMORY).join(', ')}, not ${cpu}`];
  }
  return memoryMiB < range[0] || memoryMiB > range[1]
    ? [`${path}.memoryMiB: with ${cpu} CPU units, Fargate has ${range[0]} to ${range[1]} MiB`]
    : [];
};

const existingVpcProblems = ({ network, listener }: SiteConfig): string[] => {
  const { existing, connection } = network;
  const { addresses } = listener;
  if (existing === undefined) {
    return addresses === undefined
      ? []
      : ['listener.addresses: a new VPC has fixed addresses by itself; leave them out'];
  }
  const problems: string[] = [];
  if (existing.availabilityZones.length !== existing.subnetIds.length) {
    problems.push('network.existing: name one subnet for each availability zone');
  }
  if (connection.kind !== 'none') {
    problems.push(
      'network.connection: an existing VPC keeps its own attachments; say "none" and name its networks in modalityCidrs',
    );
  }
  if (addresses !== undefined && addresses.length !== existing.subnetIds.length) {
    problems.push('listener.addresses: name one address for each subnet of network.existing');
  }
  for (const address of addresses ?? []) {
    if (!isWithin(address, existing.cidr)) {
      problems.push(`listener.addresses: ${address} is not in ${existing.cidr}`);
    }
  }
  return problems;
};

const newVpcProblems = ({ network }: SiteConfig): string[] => {
  if (network.existing !== undefined) return [];
  const { cidr, connection } = network;
  const problems: string[] = [];
  const prefix = prefixLength(cidr);
  if (prefix < LARGEST_VPC || prefix > SMALLEST_VPC) {
    problems.push(`network.cidr: a VPC of Gantry is /${LARGEST_VPC} to /${SMALLEST_VPC}`);
  }
  if (network.natGateways > network.availabilityZones) {
    problems.push('network.natGateways: at most one for each availability zone');
  }
  const sites = connection.kind === 'none' ? [] : connection.sites;
  const names = sites.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    problems.push(`network.connection.sites: "${name}" is there twice`);
  }
  const networks = [
    ...sites.flatMap((site) => site.networks.map((one) => [site.name, one] as const)),
    ...network.modalityCidrs.map((one) => ['modalityCidrs', one] as const),
  ];
  for (const [index, [where, one]] of networks.entries()) {
    if (overlaps(one, cidr)) {
      problems.push(`network: ${one} (${where}) overlaps with the VPC's own ${cidr}`);
    }
    for (const [other, another] of networks.slice(index + 1)) {
      if (where !== other && overlaps(one, another)) {
        problems.push(`network: ${one} (${where}) overlaps with ${another} (${other})`);
      }
    }
  }
  return problems;
};

/** Each of the listener's ports is one of its own; of two with one number, the second is to be changed. */
const portProblems = ({ listener }: SiteConfig): string[] => {
  const ports: (readonly [string, number])[] = [
    ['the health check', LISTENER_HEALTH_PORT],
    ['listener.port', listener.port],
    ...(listener.tls === undefined ? [] : [['listener.tls.port', listener.tls.port] as const]),
  ];
  return ports.flatMap(([name, port], index) => {
    const taken = ports.slice(0, index).find(([, earlier]) => earlier === port);
    return taken === undefined ? [] : [`${name}: ${port} is the port of ${taken[0]}`];
  });
};

/** One line for each thing to change. */
export const siteProblems = (config: SiteConfig): string[] => {
  const { profile, region, network, listener, runners, gpu } = config;
  const problems = [
    ...fargateProblems('listener', listener),
    ...fargateProblems('runners', runners),
    ...portProblems(config),
    ...existingVpcProblems(config),
    ...newVpcProblems(config),
  ];
  if (profile !== 'embedded' && region === undefined) {
    problems.push('region: name the AWS Region, such as eu-central-1');
  }
  if (profile === 'isolated' && network.egress === 'nat') {
    problems.push('network.egress: the profile "isolated" has no NAT gateway; choose "standard"');
  }
  if (listener.maxTasks < listener.tasks) {
    problems.push(
      `listener.maxTasks: ${listener.maxTasks} is less than the ${listener.tasks} at rest`,
    );
  }
  if (gpu.kind === 'auto-scaling-group' && gpu.instanceTypes.some((type) => type.includes('*'))) {
    problems.push('gpu.instanceTypes: an Auto Scaling group takes whole names, such as g6.xlarge');
  }
  return problems;
};
