/** A session of chosen studies of a cache: exactly the instances that it has of them at this moment. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { Composition } from '../../core/contracts/api-cache.ts';
import type { ProblemDetail } from '../../core/contracts/api-problem.ts';
import type { CachedSeries } from '../../core/contracts/cached-series.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import { CACHE_PROCESSOR } from '../../core/contracts/names.ts';
import { Priority, PRIORITIES } from '../../core/contracts/vocabulary.ts';
import { cachedInstances } from '../../core/processors/extension/cache.ts';
import { submitSession, SubmissionRefused } from '../../core/processors/extension/submission.ts';
import type { ApiContext } from './context.ts';
import { groupsNamed } from './explained-groups.ts';
import { ApiProblem } from './problems.ts';

interface Chosen {
  readonly settings: AeTitleItem;
  /** Of the studies that it has. */
  readonly series: readonly CachedSeries[];
  readonly missing: readonly string[];
}

const chosenIn = async (
  { cache }: ApiContext,
  settings: AeTitleItem,
  studies: readonly string[],
): Promise<Chosen> => {
  const found = await Promise.all(studies.map((uid) => cache.series(settings.aeTitle, uid)));
  const missing = studies.filter((_, index) => found[index]?.length === 0);
  return { settings, series: found.flat(), missing };
};

/** Where a study is that no cache has, for the person who looks for it. */
const whereabouts = async (
  context: ApiContext,
  study: string,
  caches: readonly string[],
): Promise<ProblemDetail> => {
  const holders = [
    ...new Set((await groupsNamed(context, study)).map(({ aeTitle }) => aeTitle)),
  ].filter((aeTitle) => !caches.includes(aeTitle));
  const where =
    holders.length === 0
      ? 'is in no cache'
      : `was received by ${holders.join(', ')}, which has not the processor ${CACHE_PROCESSOR}`;
  const remedy =
    caches.length === 0
      ? 'make a cache with: gantry ae-title set NAME --processor cache'
      : `send it to ${caches.join(' or ')}`;
  return { path: 'studies', message: `the study ${study} ${where}`, remedy };
};

const choose = async (
  context: ApiContext,
  { aeTitle, studies }: z.infer<typeof Composition>,
): Promise<Chosen> => {
  const all = await context.configuration.aeTitles.list();
  const caches = all.filter(({ processor }) => processor === CACHE_PROCESSOR);
  const named = aeTitle === undefined ? caches : caches.filter((item) => item.aeTitle === aeTitle);
  if (aeTitle !== undefined && named.length === 0) {
    const known = caches.map((item) => item.aeTitle).join(', ') || 'none';
    throw new ApiProblem('not-composable', [
      {
        path: 'aeTitle',
        message: `${aeTitle} is no AE title with the processor ${CACHE_PROCESSOR}; there are: ${known}`,
      },
    ]);
  }
  const unique = [...new Set(studies)];
  const chosen = await Promise.all(named.map((settings) => chosenIn(context, settings, unique)));
  const complete = chosen.filter(({ missing }) => missing.length === 0);
  const [only, another] = complete;
  if (only !== undefined && another === undefined) return only;
  if (only !== undefined) {
    const names = complete.map(({ settings }) => settings.aeTitle).join(', ');
    throw new ApiProblem('not-composable', [
      { path: 'aeTitle', message: `several caches have them: ${names}; name one` },
    ]);
  }
  const nearest = chosen.toSorted((a, b) => a.missing.length - b.missing.length)[0];
  const names = caches.map((item) => item.aeTitle);
  throw new ApiProblem(
    'not-composable',
    await Promise.all(
      (nearest?.missing ?? unique).map((study) => whereabouts(context, study, names)),
    ),
  );
};

const checkPatients = ({ series }: Chosen, acrossPatients: boolean): void => {
  const patients = new Set(
    series.map(({ patientId, issuerOfPatientId }) =>
      JSON.stringify([patientId, issuerOfPatientId]),
    ),
  );
  if (patients.size < 2 || acrossPatients) return;
  throw new ApiProblem('not-composable', [
    {
      path: 'studies',
      message: `they are of ${patients.size} patients`,
      remedy: 'if that is meant: --across-patients (acrossPatients: true)',
    },
  ]);
};

const priorityOf = (text: string): Priority => {
  const priority = Priority.safeParse(text.trim().toLowerCase());
  if (priority.success) return priority.data;
  throw new ApiProblem('invalid-request', [
    {
      path: 'priority',
      message: `must be one of ${PRIORITIES.join(', ')}, not ${JSON.stringify(text)}`,
    },
  ]);
};

export const compose = async (context: ApiContext, wanted: z.infer<typeof Composition>) => {
  const chosen = await choose(context, wanted);
  checkPatients(chosen, wanted.acrossPatients ?? false);
  const { settings } = chosen;
  const priority = priorityOf(wanted.priority ?? settings.priority);
  const instances = await cachedInstances(context.groups, chosen.series);
  try {
    const submitted = await submitSession(
      {
        ...context,
        pipelineExists: async (id) => (await context.configuration.pipelines.get(id)) !== undefined,
        // Born claimed with nobody who could still touch it: there is nothing to wait for.
        sleep: () => Promise.resolve(),
      },
      {
        settings,
        // A person chose what belongs together, of a patient too: all three events fire.
        groupBy: ['PatientID'],
        because: 'composed',
        name: wanted.name ?? `composed-${randomUUID().slice(0, 8)}`,
        pipelineId: wanted.pipeline,
        priority,
        instances,
      },
    );
    return { ...submitted, aeTitle: settings.aeTitle, instances: instances.length };
  } catch (error) {
    if (!(error instanceof SubmissionRefused)) throw error;
    throw new ApiProblem('not-composable', [{ message: error.message }]);
  }
};
