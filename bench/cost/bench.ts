/** The bill by profile and per thousand studies, as docs/cost.md and as the sums that the tests hold changes against. */
import { writeFileSync } from 'node:fs';
import type { Bench } from '../bench.ts';
import { acceptSums, sumsOf } from './accepted.ts';
import { allBills } from './bills.ts';
import { costDocument } from './document.ts';
import { PROFILES } from './sites.ts';

const DOCUMENT = new URL('../../docs/cost.md', import.meta.url);

export const costBench: Bench = (figures, tell) => {
  tell('the templates of each profile are synthesised');
  const bills = allBills();
  const sums = sumsOf(bills);
  for (const profile of PROFILES) {
    figures.add(`${profile}, a month at rest`, 'USD', sums.atRest[profile]);
  }
  figures.add('a thousand studies, ingest and control', 'USD', sums.thousandStudies);
  writeFileSync(DOCUMENT, costDocument(bills));
  acceptSums(sums);
  tell('written: docs/cost.md and bench/cost/accepted.json');
  return Promise.resolve();
};
