/** `npm run roles`: writes docs/roles.md from the templates. */
import { writeFileSync } from 'node:fs';
import { siteApp } from '../infra/synthesis.ts';
import { roleTable } from '../infra/role-table.ts';

const file = (path: string): string => new URL(`../${path}`, import.meta.url).pathname;

writeFileSync(file('docs/roles.md'), roleTable(siteApp(file('examples/sites/hospital.json'))));
