/** `npm run bench [-- NAME … --quick]`: all benchmarks or the named ones, one after the other. What they measure: docs/benchmarks.md. */
import { relative } from 'node:path';
import type { Bench } from './bench.ts';
import { costBench } from './cost/bench.ts';
import { environmentsBench } from './environments/bench.ts';
import { Figures } from './figures.ts';
import { chainsBench, jobsBench } from './jobs/bench.ts';
import { listenerBench, misbehavingBench, storescpBench } from './listener/bench.ts';
import { mainPathBench } from './main-path/bench.ts';
import { scaleBench } from './scale/bench.ts';
import { planningBench } from './planning/bench.ts';
import { stabilityBench } from './stability/bench.ts';
import { machineFacts, table, writeResults } from './report.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  'main-path': mainPathBench,
  jobs: jobsBench,
  environments: environmentsBench,
  listener: listenerBench,
  stability: stabilityBench,
  planning: planningBench,
  cost: costBench,
  scale: scaleBench,
};

/** Only by name: their figures are some of those of the others. */
const PARTS: Readonly<Record<string, Bench>> = {
  'listener-storescp': storescpBench,
  'listener-misbehaving': misbehavingBench,
  'jobs-chains': chainsBench,
};

const quick = process.argv.includes('--quick');

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const runBench = async (name: string, bench: Bench): Promise<void> => {
  const startedAt = new Date();
  const machine = machineFacts();
  const figures = new Figures();
  write(`\n${name} (${machine.processors} processors, load before: ${machine.loadBefore})`);
  await bench(
    figures,
    (step) => {
      const seconds = (Date.now() - startedAt.getTime()) / 1000;
      write(`${seconds.toFixed(1).padStart(6)} s  ${step}`);
    },
    quick,
  );
  const file = writeResults(name, figures.all, { startedAt, machine });
  write(`\n${table(figures.all)}\n\n${relative(process.cwd(), file)}`);
};

// Ends what was started as well: child-processes.ts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
const named = process.argv.slice(2).filter((word) => word !== '--quick');
const all = { ...BENCHES, ...PARTS };
const unknown = named.filter((name) => !(name in all));
if (unknown.length > 0) {
  write(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}`);
  process.exit(2);
}
const chosen = named.length === 0 ? Object.keys(BENCHES) : named;
for (const [name, bench] of Object.entries(all)) {
  if (chosen.includes(name)) await runBench(name, bench);
}
