/** Peak hours of a hospital group at three scales, as docs/scale.md: waits, runners, rates, and what breaks first. */
import { writeFileSync } from 'node:fs';
import type { Bench } from '../bench.ts';
import { scaleDocument } from './document.ts';
import { SCENARIOS, simulate } from './simulation.ts';

const DOCUMENT = new URL('../../docs/scale.md', import.meta.url);

/** Any; the table is the same for the same one. */
const SEED = 7;

export const scaleBench: Bench = (figures, tell) => {
  const outcomes = SCENARIOS.map((scenario) => {
    tell(scenario.name);
    return simulate(scenario, SEED);
  });
  for (const { scenario, gpu } of outcomes) {
    figures.add(`wait for a GPU, ${scenario.name}`, 's', ...gpu.waits);
  }
  writeFileSync(DOCUMENT, scaleDocument(outcomes, SEED));
  tell('written: docs/scale.md');
  return Promise.resolve();
};
