/** The rule packs AwsSolutions and HIPAA.Security on the worked sites: met, or acknowledged with a reason. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AwsSolutionsChecks, HIPAASecurityChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { siteApp } from '../../infra/synthesis.ts';
import { WILDCARDS } from './wildcards.ts';

const SITES = join(import.meta.dirname, '../../examples/sites');
const files = readdirSync(SITES).filter((name) => name.endsWith('.json'));

interface Finding {
  readonly rule: string;
  readonly construct: string;
}

/** What is neither met nor acknowledged where it is. */
const findingsOf = (site: string): Finding[] => {
  const app = siteApp(join(SITES, site));
  // What aspects add is there only afterwards.
  app.synth();
  return [new AwsSolutionsChecks(app), new HIPAASecurityChecks(app)].flatMap((pack) =>
    pack.validateScope(app).violations.flatMap(({ ruleName, violatingResources = [] }) =>
      violatingResources.map((resource) => ({
        rule: ruleName,
        construct: (resource as unknown as { constructPath: string }).constructPath,
      })),
    ),
  );
};

const findings = new Map(files.map((site) => [site, findingsOf(site)]));

/** The part of an ARN or action that has the wildcard: `AwsSolutions-IAM5[Resource::…]`. */
const wildcardOf = (rule: string): string | undefined =>
  /^AwsSolutions-IAM5\[(.*)\]$/.exec(rule)?.[1];

const reasonFor = ({ rule, construct }: Finding): string | undefined => {
  const wildcard = wildcardOf(rule);
  return wildcard === undefined
    ? undefined
    : WILDCARDS.find(
        ({ form, holders }) => form.test(wildcard) && (holders?.test(construct) ?? true),
      )?.reason;
};

describe('the rule packs', () => {
  it('have three worked sites to check', () => {
    expect(files.sort()).toEqual(['hospital-group.json', 'hospital.json', 'trial.json']);
  });

  it.each(files)('find nothing in %s that is not acknowledged', (site) => {
    const open = (findings.get(site) ?? []).filter((finding) => reasonFor(finding) === undefined);

    expect(open.map(({ rule, construct }) => `${rule} ${construct}`)).toEqual([]);
  });

  it('need every reason that is given for a wildcard', () => {
    const all = [...findings.values()].flat();
    const used = new Set(all.map(reasonFor));

    expect(WILDCARDS.filter(({ reason }) => !used.has(reason))).toEqual([]);
  });
});
