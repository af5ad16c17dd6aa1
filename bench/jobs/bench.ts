/** What a job costs beside its callback: few and many, chains with a fresh and a warm interpreter, staging: docs/benchmarks.md, "jobs". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Job, Session } from '../../core/contracts/api.ts';
import { time } from '../../test/support/gantry.ts';
import type { Bench } from '../bench.ts';
import { medianOf, type Figures } from '../figures.ts';
import { startInstallation, type Installation } from '../main-path/installation.ts';
import { writeTrivialPackage } from '../main-path/packages.ts';
import { preparePython } from '../main-path/python.ts';
import { measureTrivialJobs, runSession, type Scene } from '../main-path/sessions.ts';
import { hopsMs, jobsMs, serviceJobs } from '../main-path/timeline.ts';
import { emulatorTimes, type EmulatorTimes } from './emulator-times.ts';
import { fetchBucketMs } from './fetch-bucket.ts';
import { messageTimes } from './message-times.ts';

const LINKS = 20;
const ROUNDS = 3;
/** About as long as a chain takes, with the waiting before it. */
const EMULATOR_SAMPLES = 40;
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
  emulator: EmulatorTimes,
): Promise<void> => {
  const jobs = links(session);
  const visibleAt = await messageTimes(
    port,
    jobs.map(({ id }) => id),
  );
  // The first of a chain may start the process that the others find.
  const add = (what: string, times: readonly number[]): void => {
    figures.add(`${what}, ${kind}`, 'ms', ...times.slice(1));
  };
  const sinceVisible = (at: (job: Job) => number): number[] =>
    jobs.map((job, index) => at(job) - (visibleAt[index] ?? 0));
  const received = toCallback(session, 'startedAt');
  const update = medianOf(emulator.conditionalUpdateMs);
  add('message visible to service module imported', sinceVisible(callbackAt));
  add(
    'of it until the runner has the message',
    sinceVisible((job) => time(job.startedAt)),
  );
  figures.add(`emulator: until a bare receiver has one, ${kind}`, 'ms', ...emulator.receiveMs);
  add('of it from there on', received);
  figures.add(`emulator: one conditional update, ${kind}`, 'ms', ...emulator.conditionalUpdateMs);
  add(
    'from there on, but for one such update',
    received.map((took) => took - update),
  );
  add('ready to callback', toCallback(session, 'queuedAt'));
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

/** Links of a chain with a fresh and a warm interpreter; installs what it needs. */
const measureChains = async (
  scene: Scene,
  figures: Figures,
  tell: (step: string) => void,
  rounds: number,
): Promise<void> => {
  const { gantry, ports } = scene.installation;
  for (const [kind, keepWarm] of Object.entries(KINDS)) {
    const { service, path } = writeTrivialPackage(scene.folder, LINKS, { chained: true, keepWarm });
    const aeTitle = keepWarm === undefined ? 'FRESH' : 'WARM';
    await gantry.done('service', 'install', path);
    await gantry.aeTitle(aeTitle, [service], '--group-by', 'Study');
    for (let round = 1; round <= rounds; round += 1) {
      tell(`chain, ${kind}, ${round} of ${rounds}`);
      const [{ session }, emulator] = await Promise.all([
        runSession(scene, aeTitle),
        emulatorTimes(ports.aws, EMULATOR_SAMPLES),
      ]);
      await addChain(figures, session, kind, ports.aws, emulator);
    }
  }
};

/** On a Gantry of its own. */
const onGantry = async (
  tell: (step: string) => void,
  measure: (scene: Scene) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  let installation: Installation | undefined;
  try {
    const python = await preparePython(folder);
    tell('Gantry starts');
    installation = await startInstallation(join(folder, 'data'));
    await measure({ folder, python, installation });
  } finally {
    await installation?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

export const jobsBench: Bench = (figures, tell, quick) =>
  onGantry(tell, async (scene) => {
    const rounds = quick ? 1 : ROUNDS;
    const { gantry } = scene.installation;
    await measureTrivialJobs(scene, figures, tell, { few: rounds, many: rounds });
    await measureChains(scene, figures, tell, rounds);
    const one = writeTrivialPackage(scene.folder, 1);
    await gantry.done('service', 'install', one.path);
    await gantry.aeTitle('STAGING', [one.service], '--group-by', 'Study');
    await runSession(scene, 'STAGING');
    for (let round = 1; round <= rounds; round += 1) {
      tell(`staging, ${round} of ${rounds}`);
      await measureStaging(scene, figures, 'STAGING');
    }
  });

/** The chains alone: what a job costs on a warm runner. */
export const chainsBench: Bench = (figures, tell, quick) =>
  onGantry(tell, (scene) => measureChains(scene, figures, tell, quick ? 1 : ROUNDS));
