/** The listener beside other receivers, and what memory it needs: docs/benchmarks.md, "listener". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { measureHeader } from './header.ts';
import { measureMemory } from './memory.ts';
import { measureOverhead } from './overhead.ts';
import { measureSideBySide } from './side-by-side.ts';

export const listenerBench: Bench = async (figures, tell, quick) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  try {
    await measureHeader(figures, tell);
    await measureOverhead(folder, figures, tell, quick);
    await measureMemory(folder, figures, tell, quick);
    await measureSideBySide(folder, figures, tell, quick);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
