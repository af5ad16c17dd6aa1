/**
 * The configuration of a site: a JSON file named by the context `site`, or an entry of the context `sites` in
 * cdk.json. Checked as a whole, so that a typing error costs one synthesis and not one per field.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { siteProblems } from './config-checks.ts';
import { SiteConfigSchema, type SiteConfig, type WrittenSite } from './config-schema.ts';

export type { SiteConfig } from './config-schema.ts';

/** What each profile decides unless the site does. */
const PROFILES = {
  lean: { tasks: 1, egress: 'nat', containerInsights: false },
  standard: { tasks: 2, egress: 'nat', containerInsights: false },
  isolated: { tasks: 2, egress: 'endpoints', containerInsights: true },
  embedded: { tasks: 1, egress: 'nat', containerInsights: false },
} as const satisfies Record<
  WrittenSite['profile'],
  { tasks: number; egress: 'nat' | 'endpoints'; containerInsights: boolean }
>;

/** The site's configuration is not usable; `problems` holds one line for each thing to change. */
export class SiteConfigInvalid extends Error {
  override readonly name = 'SiteConfigInvalid';
  readonly problems: readonly string[];

  constructor(site: string, problems: readonly string[]) {
    super(`site "${site}":\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const fromFile = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SiteConfigInvalid(file, [error instanceof Error ? error.message : String(error)]);
  }
};

const fromContext = (site: string, context: (key: string) => unknown): unknown => {
  const sites = z.record(z.string(), z.unknown()).catch({}).parse(context('sites'));
  if (Object.hasOwn(sites, site)) return sites[site];
  const known = Object.keys(sites).join(', ') || 'none';
  throw new SiteConfigInvalid(site, [
    `there is no such site in cdk.json; known: ${known}; or name a file that ends in .json`,
  ]);
};

/**
 * Reads the site's configuration; `region` is where the current credentials are, for a site that names none.
 * Throws {@link SiteConfigInvalid} with all problems.
 */
export const loadSiteConfig = (context: (key: string) => unknown, region?: string): SiteConfig => {
  const site = z.string().catch('default').parse(context('site'));
  const written = site.endsWith('.json') ? fromFile(site) : fromContext(site, context);
  const parsed = SiteConfigSchema.safeParse(written);
  if (!parsed.success) {
    throw new SiteConfigInvalid(
      site,
      parsed.error.issues.map((issue) => `${issue.path.join('.') || '(all)'}: ${issue.message}`),
    );
  }
  const { data } = parsed;
  const profile = PROFILES[data.profile];
  const config: SiteConfig = {
    ...data,
    region: data.region ?? region,
    network: { ...data.network, egress: data.network.egress ?? profile.egress },
    listener: { ...data.listener, tasks: data.listener.tasks ?? profile.tasks },
    containerInsights: profile.containerInsights,
  };
  const problems = siteProblems(config);
  if (problems.length > 0) throw new SiteConfigInvalid(site, problems);
  return config;
};

/** Networks that may call the listener: the VPC itself, the sites behind the VPN, and what else is named. */
export const callerNetworks = ({ network }: SiteConfig): string[] => {
  const { connection } = network;
  const sites = connection.kind === 'none' ? [] : connection.sites;
  return [
    ...new Set([
      network.existing?.cidr ?? network.cidr,
      ...sites.flatMap((site) => site.networks),
      ...network.modalityCidrs,
    ]),
  ];
};
