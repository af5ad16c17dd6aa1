/**
 * What `gantry new` makes, and the examples, on the original platform itself: its own packages with their commands,
 * listener, scheduler and workers, and stand-ins for MongoDB, pyenv and the container engine (original_platform.py).
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pythonEnvironment } from '../../../local/python.ts';
import { loadSettings, REPOSITORY } from '../../../local/settings.ts';
import { canBubblewrap } from '../../support/bubblewrap.ts';
import { runProgram } from '../../support/program.ts';
import { makeVolume, type Study } from '../../support/studies.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-original-'));
/** Five virtual environments are made with pip. */
const LIMIT_MS = 1_500_000;

const Session = z.object({
  ended: z.boolean(),
  jobs: z.array(
    z.object({ job_name: z.string(), job_event: z.string(), result: z.unknown().optional() }),
  ),
  log: z.string(),
});
type Session = z.infer<typeof Session>;

const aNew = async (name: string, ...options: readonly string[]): Promise<string> => {
  const gantry = join(REPOSITORY, 'cli', 'gantry.mjs');
  const { code, stderr } = await runProgram(process.execPath, [
    ...[gantry, 'new', ...options],
    ...['--path', folder],
  ]);
  if (code !== 0) throw new Error(stderr);
  return join(folder, name);
};

/** One whose job names a worker of another package. */
const aServiceOn = async (worker: string): Promise<string> => {
  const made = await aNew(`uses-${worker}`, 'service', `uses-${worker}`);
  const manifest = join(made, 'dcm-processor.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace('"worker": null', `"worker": "${worker}"`));
  return made;
};

const EVENTS = ['-e', 'stable-series', '-e', 'stable-study', '-e', 'stable-patient'];

const packages = async (): Promise<string[]> => [
  await aNew('alone-venv', 'worker', 'alone-venv', '--type', 'venv'),
  await aNew('alone-docker', 'worker', 'alone-docker', '--type', 'docker'),
  await aNew('plain', 'service', 'plain', ...EVENTS),
  await aNew('on-venv', 'service', 'on-venv', '--worker', 'venv'),
  await aNew('on-docker', 'service', 'on-docker', '--worker', 'docker'),
  await aServiceOn('alone-venv'),
  await aServiceOn('alone-docker'),
  ...['intensity-statistics', 'volume-report', 'container-intensities'].map((name) =>
    join(REPOSITORY, 'examples', 'services', name),
  ),
];

/** Everything at once, as one application of the original with one patient. */
const sessionOf = async (images: string): Promise<Session> => {
  const { toolsDirectory } = loadSettings(process.env);
  const python = await pythonEnvironment({
    name: 'original',
    requirements: 'test/conformance/original/requirements.txt',
    paths: [],
    toolsDirectory,
    logFile: join(toolsDirectory, 'original.log'),
  });
  const outcome = await runProgram(
    join(python, 'bin', 'python'),
    [
      join(import.meta.dirname, 'original_platform.py'),
      ...['--images', images],
      ...(await packages()).flatMap((name) => ['--package', name]),
    ],
    { PIP_NO_COMPILE: '1' },
  );
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return Session.parse(JSON.parse(outcome.stdout));
};

// Its container engine is bubblewrap here.
describe.runIf(canBubblewrap())('on the original platform', () => {
  let study: Study;
  let session: Session;

  beforeAll(async () => {
    study = await makeVolume(3);
    session = await sessionOf(dirname(study.files[0] ?? ''));
  }, LIMIT_MS);

  /** What the job gave back, for each of its objects; with the platform's log if that is an error. */
  const results = (name: string): unknown[] =>
    session.jobs
      .filter(({ job_name }) => job_name === name)
      .map(({ result }) => {
        const found = z.object({ result: z.unknown() }).safeParse(result);
        if (!found.success) throw new Error(`${name}: ${JSON.stringify(result)}\n${session.log}`);
        return found.data.result;
      });

  it('a new service runs for each of its events, and the session ends', () => {
    expect(results('plain')).toEqual([
      { count: 3, modality: 'CT' },
      { count: 1, modality: null },
      { count: 1, modality: null },
    ]);
    expect(session.ended).toBe(true);
  });

  it.each(['on-venv', 'on-docker'])('a new service runs on a worker of its own: %s', (name) => {
    expect(results(name)).toEqual([{ count: 3, modality: 'CT' }]);
  });

  it.each(['alone-venv', 'alone-docker'])('a new worker runs jobs that name it: %s', (worker) => {
    expect(results(`uses-${worker}`)).toEqual([{ count: 3, modality: 'CT' }]);
  });

  it('the examples run whose jobs hand on no files', () => {
    const [series] = study.series;

    expect(results('series-statistics')).toEqual([series?.expected]);
    expect(results('study-report')).toMatchObject([{ totals: { series: 1, instances: 3 } }]);
    expect(results('intensity-statistics')).toMatchObject([{ images: 3 }]);
    expect(results('container-intensities')).toMatchObject([
      { values: series?.expected?.voxels, user: expect.any(Number) as number },
    ]);
  });
});
