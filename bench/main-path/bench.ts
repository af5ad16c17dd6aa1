/** From `npm start` to the end of a session, on a whole Gantry: docs/benchmarks.md, "main-path". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import type { Figures } from '../figures.ts';
import { startInstallation, type Installation } from './installation.ts';
import { measureRest } from './rest.ts';
import { measureSessions } from './sessions.ts';
import { preparePython } from './python.ts';

/** Each on a data folder of its own. */
const FIRST_STARTS = 2;
/** All on the last of them. */
const SECOND_STARTS = 2;

const starting = async (
  figures: Figures,
  name: string,
  folder: string,
  before?: Installation,
): Promise<Installation> => {
  const installation = await startInstallation(folder, before?.ports);
  figures.add(name, 's', installation.startSeconds);
  return installation;
};

export const mainPathBench: Bench = async (figures, tell) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  let installation: Installation | undefined;
  try {
    const python = await preparePython(folder);
    for (let count = 1; count <= FIRST_STARTS; count += 1) {
      tell(`first start ${count} of ${FIRST_STARTS}`);
      await installation?.stop();
      installation = await starting(figures, 'first start', join(folder, `data-${count}`));
    }
    for (let count = 1; count <= SECOND_STARTS; count += 1) {
      tell(`second start ${count} of ${SECOND_STARTS}`);
      await installation?.stop();
      installation = await starting(
        figures,
        'second start',
        join(folder, `data-${FIRST_STARTS}`),
        installation,
      );
      await measureRest(figures, installation.pid);
    }
    if (installation === undefined) return;
    await measureSessions({ folder, python, installation }, figures, tell);
  } finally {
    await installation?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
