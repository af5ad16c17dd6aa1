/** Studies as examples/studies/make_study.py writes them, with the numbers that are to be expected of them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { REPOSITORY } from '../../local/settings.ts';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { runProgram } from './program.ts';

export const SeriesNumbers = z.object({
  instances: z.int(),
  frames: z.int(),
  voxels: z.int(),
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  std: z.number(),
  threshold: z.number(),
  voxelsAboveThreshold: z.int(),
  volumeMl: z.number().nullable(),
});
export type SeriesNumbers = z.infer<typeof SeriesNumbers>;

const Study = z.object({
  studyInstanceUid: z.string(),
  patientId: z.string(),
  files: z.array(z.string()),
  series: z.array(
    z.object({
      seriesInstanceUid: z.string(),
      description: z.string(),
      modality: z.string(),
      instances: z.int(),
      expected: SeriesNumbers.nullable(),
    }),
  ),
});
export type Study = z.infer<typeof Study>;

/** A new study in a new folder; `options` are those of make_study.py. */
export const makeStudy = async (...options: readonly string[]): Promise<Study> => {
  const tools = await preparePythonTools();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-study-'));
  const script = join(REPOSITORY, 'examples', 'studies', 'make_study.py');
  const outcome = await runProgram(tools.program('python'), [script, folder, ...options]);
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return Study.parse(JSON.parse(outcome.stdout));
};

/** A study of one CT series with as many instances. */
export const makeVolume = (slices: number): Promise<Study> =>
  makeStudy('--volume-only', '--slices', String(slices));
