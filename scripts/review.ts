/** `npm run review`: writes what reviewers of a deployment read, docs/roles.md and docs/sites.md, from the templates. */
import { readdirSync, writeFileSync } from 'node:fs';
import { siteApp } from '../infra/synthesis.ts';
import { roleTable } from '../infra/review/role-table.ts';
import { siteTable } from '../infra/review/site-table.ts';

const file = (path: string): string => new URL(`../${path}`, import.meta.url).pathname;

const sites = readdirSync(file('examples/sites'))
  .filter((name) => name.endsWith('.json'))
  .sort();

writeFileSync(file('docs/roles.md'), roleTable(siteApp(file('examples/sites/hospital.json'))));
writeFileSync(
  file('docs/sites.md'),
  siteTable(sites.map((name) => file(`examples/sites/${name}`))),
);
