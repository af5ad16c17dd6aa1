/**
 * What a site may choose about its deployment: the context `sites` of cdk.json, by the name in the context
 * `site`. Checked as a whole, so that a typing error costs one synthesis and not one per field. What changes
 * at run time (AE titles, services) is not here: see core/contracts/configuration.ts.
 */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import { DEFAULT_DEPLOYMENT } from '../core/contracts/names.ts';
import { OperationsConfig } from './operations-config.ts';

const Network = z
  .strictObject({
    /** An existing VPC; without it, a new one is made. */
    vpcId: z
      .string()
      .regex(/^vpc-[0-9a-f]+$/)
      .optional(),
    cidr: z.cidrv4().default('10.61.0.0/16'),
    availabilityZones: z.int().min(1).max(3).default(2),
    /** How tasks reach the AWS APIs that have no gateway endpoint. */
    egress: z.enum(['nat', 'endpoints']).default('nat'),
    natGateways: z.int().min(1).max(3).default(1),
    /** Networks of the modalities, as the listener sees them: those behind the VPN. */
    modalityCidrs: z.array(z.cidrv4()).default([]),
  })
  .prefault({});

const Listener = z
  .strictObject({
    /** TCP port that modalities call. */
    port: z.int().min(1).max(65_535).default(11_112),
    cpu: z.int().default(512),
    memoryMiB: z.int().default(1024),
    /** Spool of received instances on disk (Fargate: 21 to 200). */
    spoolGiB: z.int().min(21).max(200).default(30),
    tasks: z.int().min(1).default(2),
    /** A replaced task keeps its associations for this long: a deployment takes at least as long. */
    drainSeconds: z.int().min(0).max(3600).default(900),
  })
  .prefault({});

const Runners = z
  .strictObject({
    cpu: z.int().default(1024),
    memoryMiB: z.int().default(4096),
    diskGiB: z.int().min(21).max(200).default(50),
    /** Jobs that one runner of the worker `default` works on at a time. */
    slots: z.int().min(1).default(4),
    maxRunners: z.int().min(1).default(4),
    /** An idle runner stays for this long. */
    lingerSeconds: z.int().min(0).default(300),
  })
  .prefault({});

const Gpu = z
  .strictObject({
    instanceTypes: z.array(z.string()).min(1).default(['g6.*', 'g5.*']),
    spot: z.boolean().default(false),
    minVcpus: z.int().min(1).default(4),
    minMemoryMiB: z.int().min(1024).default(16_384),
    diskGiB: z.int().min(30).default(200),
    /** An instance without tasks is given back after this long: 0 to 3600. */
    scaleInAfterSeconds: z.int().min(0).max(3600).default(600),
  })
  .prefault({});

const SiteConfig = z.strictObject({
  /** `embedded` is the cloud on one computer: no network, no listener service, no GPU, nothing to protect. */
  profile: z.enum(['aws', 'embedded']).default('aws'),
  /** Prefix of all names: two deployments in an account need two. */
  deployment: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, 'small letters, digits and hyphens, at most 20')
    .default(DEFAULT_DEPLOYMENT),
  network: Network,
  listener: Listener,
  runners: Runners,
  gpu: Gpu,
  operations: OperationsConfig,
  logRetentionDays: z
    .union([
      z.literal(RetentionDays.ONE_MONTH),
      z.literal(RetentionDays.THREE_MONTHS),
      z.literal(RetentionDays.SIX_MONTHS),
      z.literal(RetentionDays.ONE_YEAR),
    ])
    .default(RetentionDays.THREE_MONTHS),
});
export type SiteConfig = z.infer<typeof SiteConfig>;

/** The site's configuration is not usable; `problems` holds one line for each thing to change. */
export class SiteConfigInvalid extends Error {
  override readonly name = 'SiteConfigInvalid';
  readonly problems: readonly string[];

  constructor(site: string, problems: readonly string[]) {
    super(`site "${site}" of cdk.json:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

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

const fargateProblem = (
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

/** Reads the site's configuration from the context; throws {@link SiteConfigInvalid} with all problems. */
export const loadSiteConfig = (context: (key: string) => unknown): SiteConfig => {
  const site = z.string().catch('default').parse(context('site'));
  const sites = z.record(z.string(), z.unknown()).catch({}).parse(context('sites'));
  if (!Object.hasOwn(sites, site)) {
    const known = Object.keys(sites).join(', ');
    throw new SiteConfigInvalid(site, [`there is no such site; known: ${known || 'none'}`]);
  }
  const parsed = SiteConfig.safeParse(sites[site]);
  if (!parsed.success) {
    throw new SiteConfigInvalid(
      site,
      parsed.error.issues.map((issue) => `${issue.path.join('.') || '(all)'}: ${issue.message}`),
    );
  }
  const problems = [
    ...fargateProblem('listener', parsed.data.listener),
    ...fargateProblem('runners', parsed.data.runners),
  ];
  if (problems.length > 0) throw new SiteConfigInvalid(site, problems);
  return parsed.data;
};
