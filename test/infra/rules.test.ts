/** The rule packs AwsSolutions and HIPAA.Security on the worked sites: met, or acknowledged with a reason. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingsOf, reasonFor } from '../../infra/review/findings.ts';
import { siteApp } from '../../infra/synthesis.ts';
import { siteTable } from '../../infra/review/site-table.ts';
import { WILDCARDS } from '../../infra/review/wildcards.ts';

const SITES = join(import.meta.dirname, '../../examples/sites');
const files = readdirSync(SITES).filter((name) => name.endsWith('.json'));

const findings = new Map(files.map((site) => [site, findingsOf(siteApp(join(SITES, site)))]));

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

describe('docs/sites.md', () => {
  it('says what each worked site deploys and what is found in it (npm run review writes it anew)', () => {
    const written = readFileSync(join(SITES, '../../docs/sites.md'), 'utf8');

    expect(siteTable(files.toSorted().map((site) => join(SITES, site)))).toBe(written);
  });
});
