/** Sessions on a running Gantry: cold and warm, a chain, and many jobs; each of one study of one small image. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Group, Session } from '../../core/contracts/api.ts';
import { ENDED_SESSION_STATES } from '../../core/contracts/vocabulary.ts';
import { sendFiles } from '../../cli/dimse/send-files.ts';
import { REPOSITORY } from '../../local/settings.ts';
import type { RunningGantry } from '../../test/support/gantry.ts';
import type { Figures } from '../figures.ts';
import { writeStudy } from '../instances.ts';
import { barePythonMs } from './bare-python.ts';
import type { Installation } from './installation.ts';
import { writeTrivialPackage } from './packages.ts';
import { measureRest } from './rest.ts';
import { firstSteps, hopsMs, jobsMs, readyToCallbackMs } from './timeline.ts';

const REPETITIONS = 5;
const CHAINS = 3;
const FEW_JOBS = 12;
/** What the original platform took for as many, on two threads of a machine of two processors. */
const ORIGINAL_MS = 25_000;
const MANY_JOBS = 200;
const PIXEL_BYTES = 8192;

/** Asking costs the machine something too: not before the group can be due, and then seldom. */
const QUIET_MS = 5500;
const POLL_MS = 1000;
const SESSION_TIMEOUT_MS = 240_000;

export interface Outcome {
  readonly group: Group;
  readonly session: Session;
}

export interface Scene {
  readonly folder: string;
  /** The worker's Python. */
  readonly python: string;
  readonly installation: Installation;
}

const ended = async (gantry: RunningGantry, studyInstanceUid: string): Promise<Session> => {
  const deadline = Date.now() + SESSION_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const [session] = await gantry.sessionsOf(studyInstanceUid);
    if (session !== undefined && ENDED_SESSION_STATES.has(session.state))
      return gantry.session(session.id);
    await sleep(POLL_MS);
  }
  throw new Error(`a session did not end within ${SESSION_TIMEOUT_MS / 1000} s`);
};

/** Sends a new study, of one small image unless told otherwise, and waits for the end of its session. */
export const runSession = async (
  { folder, installation }: Scene,
  aeTitle: string,
  { images, pixelBytes } = { images: 1, pixelBytes: PIXEL_BYTES },
): Promise<Outcome> => {
  const { gantry, ports } = installation;
  const { studyInstanceUid, files } = writeStudy(folder, images, pixelBytes);
  const { failed } = await sendFiles({
    ...{ host: '127.0.0.1', port: ports.dimse, calledAe: aeTitle, callingAe: 'BENCH' },
    timeoutMs: 10_000,
    paths: files,
  });
  if (failed > 0) throw new Error('the image was not stored');
  await sleep(QUIET_MS);
  const session = await ended(gantry, studyInstanceUid);
  return { session, group: await gantry.group(session.groupId) };
};

const measureFewJobs = async (
  scene: Scene,
  figures: Figures,
  aeTitle: string,
  state: 'cold' | 'warm',
): Promise<void> => {
  if (state === 'cold') await scene.installation.endRunners();
  const { group, session } = await runSession(scene, aeTitle);
  const { release, sessionCreated, planned, firstCallback } = firstSteps(group, session);
  figures.add(`due to release, ${state} runner`, 'ms', release);
  figures.add(`due to session created, ${state} runner`, 'ms', sessionCreated);
  figures.add(`due to session planned and running, ${state} runner`, 'ms', planned);
  figures.add(`due to first callback, ${state} runner`, 'ms', firstCallback);
  figures.add(`ready to first callback, ${state} runner`, 'ms', readyToCallbackMs(session));
  const took = jobsMs(session);
  const bare = await barePythonMs(scene.python, FEW_JOBS);
  figures.add(`${FEW_JOBS} trivial jobs, ${state} runner`, 's', took / 1000);
  figures.add(`${FEW_JOBS} trivial jobs / bare Python, ${state} runner`, '×', took / bare);
  figures.add(
    `${FEW_JOBS} trivial jobs / the original platform's ${ORIGINAL_MS / 1000} s, ${state} runner`,
    '×',
    took / ORIGINAL_MS,
  );
};

const measureManyJobs = async (scene: Scene, figures: Figures, aeTitle: string): Promise<void> => {
  const { session } = await runSession(scene, aeTitle);
  const took = jobsMs(session);
  const bare = await barePythonMs(scene.python, MANY_JOBS);
  figures.add(`${MANY_JOBS} trivial jobs`, 's', took / 1000);
  figures.add(`${MANY_JOBS} trivial jobs, throughput`, 'jobs/s', MANY_JOBS / (took / 1000));
  figures.add(`${MANY_JOBS} trivial jobs / bare Python`, '×', took / bare);
};

/** Twelve jobs, `few` times without a runner and as often with one, then two hundred jobs; installs what it needs. */
export const measureTrivialJobs = async (
  scene: Scene,
  figures: Figures,
  tell: (step: string) => void,
  { few, many }: { readonly few: number; readonly many: number },
): Promise<void> => {
  const { gantry } = scene.installation;
  for (const jobs of [FEW_JOBS, MANY_JOBS]) {
    const { service, path } = writeTrivialPackage(scene.folder, jobs);
    await gantry.done('service', 'install', path);
    await gantry.aeTitle(`TRIVIAL${jobs}`, [service], '--group-by', 'Study');
  }
  for (const state of ['cold', 'warm'] as const) {
    for (let count = 1; count <= few; count += 1) {
      tell(`${FEW_JOBS} jobs, ${state}, ${count} of ${few}`);
      await measureFewJobs(scene, figures, `TRIVIAL${FEW_JOBS}`, state);
    }
  }
  for (let count = 1; count <= many; count += 1) {
    tell(`${MANY_JOBS} jobs, ${count} of ${many}`);
    await measureManyJobs(scene, figures, `TRIVIAL${MANY_JOBS}`);
  }
};

/** Installs what it needs. */
export const measureSessions = async (
  scene: Scene,
  figures: Figures,
  tell: (step: string) => void,
): Promise<void> => {
  const { gantry } = scene.installation;
  tell('services are installed');
  await gantry.done(
    ...['service', 'install', join(REPOSITORY, 'test', 'fixtures', 'services', 'chain')],
  );
  await gantry.aeTitle('CHAIN', ['chain'], '--group-by', 'Study');
  await measureTrivialJobs(scene, figures, tell, { few: REPETITIONS, many: 1 });
  for (let count = 1; count <= CHAINS; count += 1) {
    tell(`chain ${count} of ${CHAINS}`);
    const { session } = await runSession(scene, 'CHAIN');
    figures.add('chain of five, end of a link to the start of the next', 'ms', ...hopsMs(session));
    figures.add(
      'chain of five, from the first queued to the last ended',
      's',
      jobsMs(session) / 1000,
    );
  }
  tell('rest after the sessions');
  await measureRest(figures, scene.installation.pid, ' after sessions');
};
