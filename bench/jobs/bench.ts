/** What a job costs beside its callback: few and many, chains with a fresh and a warm interpreter, staging: docs/benchmarks.md, "jobs". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Job, Session } from '../../core/contracts/api.ts';
import { time } from '../../test/support/gantry.ts';
import type { Bench } from '../bench.ts';
import type { Figures } from '../figures.ts';
import { startInstallation, type Installation } from '../main-path/installation.ts';
import { writeTrivialPackage } from '../main-path/packages.ts';
import { preparePython } from '../main-path/python.ts';
import { measureTrivialJobs, runSession, type Scene } from '../main-path/sessions.ts';
import { hopsMs, jobsMs, serviceJobs } from '../main-path/timeline.ts';
import { fetchBucketMs } from './fetch-bucket.ts';
import { messageTimes } from './message-times.ts';

const LINKS = 20;
const ROUNDS = 3;
const KINDS = { 'fresh interpreter': undefined, keepWarm: 'all-sessions' } as const;

const STUDY = { images: 128, pixelBytes: 512 * 1024 };
const STUDY_MIB = (STUDY.images * STUDY.pixelBytes) / 2 ** 20;

const links = (session: Session): Job[] =>
  serviceJobs(session).toSorted((one, other) => one.name.localeCompare(other.name));

const callbackAt = ({ result }: Job): number => z.number().parse(result) * 1000;

/** For each job from one of its times to the time on its callback's own clock, in milliseconds. */
const toCallback = (session: Session, from: 'queuedAt' | 'startedAt'): number[] =>
  links(session).map((job) => callbackAt(job) - time(job[from]));

const addChain = async (
  figures: Figures,
  session: Session,
  kind: string,
  port: number,
): Promise<void> => {
  const jobs = links(session);
  const visibleAt = await messageTimes(
    port,
    jobs.map(({ id }) => id),
  );
  const fromVisible = jobs.map((job, index) => callbackAt(job) - (visibleAt[index] ?? 0));
  // The first of a chain may start the process that the others find.
  figures.add(`message visible to service module imported, ${kind}`, 'ms', ...fromVisible.slice(1));
  figures.add(`ready to callback, ${kind}`, 'ms', ...toCallback(session, 'queuedAt').slice(1));
  figures.add(`leased to callback, ${kind}`, 'ms', ...toCallback(session, 'startedAt').slice(1));
  figures.add(`chain of ${LINKS}, hop, ${kind}`, 'ms', ...hopsMs(session));
  figures.add(`chain of ${LINKS}, ${kind}`, 's', jobsMs(session) / 1000);
};

/** What the images add to the way from the lease to the callback. */
const measureStaging = async (scene: Scene, figures: Figures, aeTitle: string): Promise<void> => {
  const leased = async (study?: typeof STUDY): Promise<number> => {
    const { session } = await runSession(scene, aeTitle, study);
    return Math.max(...toCallback(session, 'startedAt'));
  };
  const took = (await leased(STUDY)) - (await leased());
  figures.add(
    `staging of ${STUDY_MIB} MiB in ${STUDY.images} images`,
    'MiB/s',
    STUDY_MIB / (took / 1000),
  );
  const bare = await fetchBucketMs(scene.installation.ports.aws, STUDY.pixelBytes, STUDY.images);
  figures.add('staging / the same objects read to memory', '×', took / bare);
};

export const jobsBench: Bench = async (figures, tell, quick) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  const rounds = quick ? 1 : ROUNDS;
  let installation: Installation | undefined;
  try {
    const python = await preparePython(folder);
    tell('Gantry starts');
    installation = await startInstallation(join(folder, 'data'));
    const scene = { folder, python, installation };
    await measureTrivialJobs(scene, figures, tell, { few: rounds, many: rounds });
    for (const [kind, keepWarm] of Object.entries(KINDS)) {
      const { service, path } = writeTrivialPackage(folder, LINKS, { chained: true, keepWarm });
      const aeTitle = keepWarm === undefined ? 'FRESH' : 'WARM';
      await installation.gantry.done('service', 'install', path);
      await installation.gantry.aeTitle(aeTitle, [service], '--group-by', 'Study');
      for (let round = 1; round <= rounds; round += 1) {
        tell(`chain, ${kind}, ${round} of ${rounds}`);
        const { session } = await runSession(scene, aeTitle);
        await addChain(figures, session, kind, installation.ports.aws);
      }
    }
    const one = writeTrivialPackage(folder, 1);
    await installation.gantry.done('service', 'install', one.path);
    await installation.gantry.aeTitle('STAGING', [one.service], '--group-by', 'Study');
    await runSession(scene, 'STAGING');
    for (let round = 1; round <= rounds; round += 1) {
      tell(`staging, ${round} of ${rounds}`);
      await measureStaging(scene, figures, 'STAGING');
    }
  } finally {
    await installation?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
