/** What a benchmark leaves: a table for a person, and a JSON file with every sample and the machine's facts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../local/settings.ts';
import { summarise, type Figure } from './figures.ts';

const RESULTS = join(REPOSITORY, 'bench', 'results');

/** Four significant digits, but no digit of a larger number is lost. */
const shown = (value: number): string =>
  Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));

const HEADINGS = ['figure', 'n', 'median', 'p95', 'p99', 'unit'];

/** Numbers stand right, words left. */
export const table = (figures: readonly Figure[]): string => {
  const rows = figures.map((figure) => {
    const { n, median, p95, p99 } = summarise(figure);
    return [
      figure.name,
      String(n),
      shown(median),
      shown(p95),
      p99 === undefined ? '' : shown(p99),
      figure.unit,
    ];
  });
  const all = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === HEADINGS.length - 1
          ? cell.padEnd(width)
          : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
};

/** What the machine was and how busy it was already. */
export const machineFacts = () => ({
  processors: availableParallelism(),
  processor: cpus()[0]?.model ?? 'unknown',
  memoryMiB: Math.round(totalmem() / 2 ** 20),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  loadBefore: loadavg()[0] ?? 0,
});

/** Returns the path of the file, which is replaced by the next run of the same benchmark. */
export const writeResults = (
  bench: string,
  figures: readonly Figure[],
  facts: { readonly startedAt: Date; readonly machine: ReturnType<typeof machineFacts> },
): string => {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${bench}.json`);
  const summarised = figures.map((figure) => ({ ...figure, ...summarise(figure) }));
  const seconds = (Date.now() - facts.startedAt.getTime()) / 1000;
  const results = { bench, ...facts, seconds, figures: summarised };
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return file;
};
