/** How late groups are released, and what knowing it costs: docs/benchmarks.md, "stability". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { startInstallation, type Installation } from '../main-path/installation.ts';
import { openBareReleaser } from './bare-release.ts';
import { closeBare, closeGroups } from './closing.ts';
import { addCosts } from './costs.ts';
import { installedCloud } from './installed-cloud.ts';
import type { ReleaseParts } from './release-parts.ts';

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

/** So many at once that each thread of the control has some, and none is cold in what is measured. */
const WARM_UP: readonly number[] = Array.from({ length: 50 }, () => 0);

const PARTS: Readonly<Record<keyof ReleaseParts, string>> = {
  dueToClosed: 'due to closed',
  closedToManifest: 'closed to manifest made',
  manifestToSession: 'manifest stored',
  sessionToReleased: 'session begun',
};

/** The 99th percentile by nearest rank; of few samples the largest. */
const highest = (samples: readonly number[]): number =>
  samples.toSorted((one, other) => one - other)[Math.ceil(0.99 * samples.length) - 1] ?? NaN;

export const stabilityBench: Bench = async (figures, tell, quick) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  let installation: Installation | undefined;
  try {
    tell('Gantry starts');
    installation = await startInstallation(join(folder, 'data'));
    const { gantry, ports } = installation;
    const cloud = await installedCloud(ports.aws);
    const releaser = await openBareReleaser(ports.aws, cloud);
    const loads = quick ? QUICK_LOADS : LOADS;
    for (const { groups, rounds, timeoutSeconds } of loads) {
      const aeTitle = `QUIET${groups}`;
      // No service is installed: a session is planned, and is empty.
      await gantry.done(
        ...['ae-title', 'set', aeTitle, '--group-by', 'Study'],
        ...['--timeout', String(timeoutSeconds)],
      );
      const scene = { folder, installation, cloud, aeTitle, timeoutSeconds };
      // As many functions as the number needs are started by its first round, and are there in the others.
      tell(`${groups} open, functions start`);
      const first = await closeGroups(scene, groups);
      figures.add(`due to release, ${groups} open, functions start`, 'ms', ...first.lagsMs);
      await closeBare(scene, releaser, WARM_UP);
      const lagsMs: number[] = [];
      const bareLagsMs: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        tell(`${groups} open, ${round} of ${rounds}`);
        const closing = await closeGroups(scene, groups);
        tell(`${groups} open, the same calls alone`);
        const bare = await closeBare(scene, releaser, closing.openedAfterMs);
        lagsMs.push(...closing.lagsMs);
        bareLagsMs.push(...bare.lagsMs);
        figures.add(`due to release, ${groups} open`, 'ms', ...closing.lagsMs);
        for (const [part, name] of Object.entries(PARTS)) {
          const samples = closing.parts.map((parts) => parts[part as keyof ReleaseParts]);
          figures.add(`of it ${name}, ${groups} open`, 'ms', ...samples);
        }
        figures.add(`emulator: the same calls alone, ${groups} open`, 'ms', ...bare.lagsMs);
        figures.add(`emulator: message late, ${groups} open`, 'ms', ...bare.messagesLateMs);
      }
      const over = highest(lagsMs) - highest(bareLagsMs);
      figures.add(`p99 of release over p99 of the same calls, ${groups} open`, 'ms', over);
    }
    await releaser.close();
    cloud.close();
    await installation.stop();
    installation = undefined;
    tell('calls are counted');
    await addCosts(figures);
  } finally {
    await installation?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
