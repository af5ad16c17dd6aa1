/** How late groups are released, and what knowing it costs: docs/benchmarks.md, "stability". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { startInstallation, type Installation } from '../main-path/installation.ts';
import { closeGroups } from './closing.ts';
import { addCosts } from './costs.ts';

interface Load {
  /** Open at the same time. */
  readonly groups: number;
  readonly rounds: number;
  /** Of the AE title: long enough for the last image to be stored before the first group is due. */
  readonly timeoutSeconds: number;
}

const LOADS: readonly Load[] = [
  { groups: 1, rounds: 20, timeoutSeconds: 5 },
  { groups: 50, rounds: 4, timeoutSeconds: 10 },
  { groups: 300, rounds: 2, timeoutSeconds: 40 },
];
const QUICK_LOADS: readonly Load[] = [
  { groups: 1, rounds: 2, timeoutSeconds: 5 },
  { groups: 20, rounds: 1, timeoutSeconds: 10 },
];

export const stabilityBench: Bench = async (figures, tell, quick) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  let installation: Installation | undefined;
  try {
    tell('Gantry starts');
    installation = await startInstallation(join(folder, 'data'));
    const { gantry } = installation;
    const loads = quick ? QUICK_LOADS : LOADS;
    for (const { groups, rounds, timeoutSeconds } of loads) {
      const aeTitle = `QUIET${groups}`;
      // No service is installed: a session is planned, and is empty.
      await gantry.done(
        ...['ae-title', 'set', aeTitle, '--group-by', 'Study'],
        ...['--timeout', String(timeoutSeconds)],
      );
      const scene = { folder, installation, aeTitle, timeoutSeconds };
      // As many functions as the number needs are started by its first round, and are there in the others.
      tell(`${groups} open, functions start`);
      const first = await closeGroups(scene, groups);
      figures.add(`due to release, ${groups} open, functions start`, 'ms', ...first.lagsMs);
      for (let round = 1; round <= rounds; round += 1) {
        tell(`${groups} open, ${round} of ${rounds}`);
        const { lagsMs, messagesLateMs, tableCallsMs } = await closeGroups(scene, groups);
        figures.add(`due to release, ${groups} open`, 'ms', ...lagsMs);
        figures.add(`emulator: delayed message late, ${groups} open`, 'ms', ...messagesLateMs);
        figures.add(`emulator: one read of the table, ${groups} open`, 'ms', ...tableCallsMs);
      }
    }
    await installation.stop();
    installation = undefined;
    tell('calls are counted');
    await addCosts(figures);
  } finally {
    await installation?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
