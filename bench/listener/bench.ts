/** The listener beside other receivers, and what memory it needs: docs/benchmarks.md, "listener". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { measureHeader } from './header.ts';
import { measureMemory } from './memory.ts';
import { measureMisbehaving } from './misbehaving.ts';
import { measureOverhead } from './overhead.ts';
import { measureSideBySide } from './side-by-side.ts';

const inFolder = async (measure: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  try {
    await measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const listenerBench: Bench = (figures, tell, quick) =>
  inFolder(async (folder) => {
    await measureHeader(figures, tell);
    await measureOverhead(folder, figures, tell, quick);
    await measureMisbehaving(folder, figures, tell, quick);
    await measureMemory(folder, figures, tell, quick);
    await measureSideBySide(folder, { others: true }, figures, tell, quick);
  });

/** What changes with each change of the listener, in some minutes. */
export const storescpBench: Bench = (figures, tell, quick) =>
  inFolder(async (folder) => {
    await measureHeader(figures, tell);
    await measureOverhead(folder, figures, tell, quick);
    await measureSideBySide(folder, { others: false }, figures, tell, quick);
  });

/** What others feel of a peer that misbehaves. */
export const misbehavingBench: Bench = (figures, tell, quick) =>
  inFolder((folder) => measureMisbehaving(folder, figures, tell, quick));
