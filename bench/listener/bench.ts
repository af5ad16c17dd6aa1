/** The listener against DCMTK's storescp, and what memory it needs: docs/benchmarks.md, "listener". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { measureMemory } from './memory.ts';
import { measureThroughput } from './throughput.ts';

export const listenerBench: Bench = async (figures, tell) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  try {
    await measureMemory(folder, figures, tell);
    await measureThroughput(folder, figures, tell);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
