/**
 * Reads `dcm-processor.json`. What the original accepts and can run is accepted; what it would silently drop
 * or fail on later is refused here, all of it at once, or noted when the package can run without it.
 */
import { z } from 'zod';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import type { JobDefinition } from '../contracts/configuration.ts';
import { EVENTS } from '../contracts/vocabulary.ts';
import { findCycles, showCycle } from './cycles.ts';
import { looseDependencies, readJob } from './job-definition.ts';
import { Folder, get, Name, problemsOf, Version } from './manifest-fields.ts';

export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  /** Folders, relative to the manifest's own, with `/` between their parts. */
  readonly module: string;
  readonly registry: string;
  readonly requiredServices: readonly string[];
  readonly requiredWorkers: readonly string[];
  readonly jobs: readonly JobDefinition[];
}

export type ManifestReading =
  | { readonly ok: true; readonly manifest: PackageManifest; readonly notes: readonly string[] }
  | {
      readonly ok: false;
      readonly problems: readonly ProblemDetail[];
      /** The folders as far as they could be read, so that missing files can be told in the same answer. */
      readonly folders: { readonly module?: string; readonly registry?: string };
    };

const Names = z
  .array(z.string('must be a text'), 'must be a list of texts')
  .nullish()
  .transform((names) => names ?? []);

const Service = z.object(
  {
    module: Folder,
    registry: Folder,
    required_services: Names,
    required_workers: Names,
    jobs: z
      .array(z.unknown(), 'must be a list of jobs')
      .nullish()
      .transform((jobs) => jobs ?? []),
  },
  'must be an object; a service package has a section "service"',
);

const Manifest = z.object({
  name: Name,
  version: Version,
  summary: z.string().nullish().catch(''),
  service: Service,
});

const cycleProblems = (rawJobs: readonly unknown[]): ProblemDetail[] =>
  findCycles(rawJobs.map(looseDependencies)).map((cycle) => ({
    path: 'service.jobs',
    message: `dependsOn goes in a circle (${cycle.event}): ${showCycle(cycle)}`,
    remedy: 'none of these jobs could ever start; remove one of the dependencies',
  }));

const notesOn = (version: unknown, jobs: readonly JobDefinition[]): string[] => {
  const notes: string[] = [];
  if (version === undefined || version === null) {
    notes.push('the package has no version; 0.0.0 is assumed');
  }
  if (jobs.length === 0) notes.push('the package has no jobs; nothing of it will ever run');
  for (const [index, job] of jobs.entries()) {
    if (job.events.length === 0) {
      notes.push(`job ${job.jobName}: names no event, so it will never run`);
    }
    const earlier = jobs
      .slice(0, index)
      .find(
        (other) =>
          other.jobName === job.jobName && other.events.some((event) => job.events.includes(event)),
      );
    if (earlier !== undefined) {
      notes.push(`job ${job.jobName}: stands twice for the same event; only the first will run`);
    }
    for (const name of job.dependsOn) {
      const named = jobs.filter((other) => other.jobName === name);
      if (name === '') {
        notes.push(`job ${job.jobName}: dependsOn "" can never be met, so it will never run`);
      } else if (
        named.length > 0 &&
        !named.some((other) => other.events.some((event) => job.events.includes(event)))
      ) {
        notes.push(
          `job ${job.jobName}: depends on ${name}, which runs at another event; dependencies hold within one of ${EVENTS.join(', ')}, so it will never run`,
        );
      }
    }
  }
  return notes;
};

/** Unknown fields are ignored. Problems name their place, jobs by their `jobName` where they have one. */
export const readManifest = (text: string): ManifestReading => {
  let raw: unknown;
  try {
    raw = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    return {
      ok: false,
      problems: [{ path: 'dcm-processor.json', message: `is not JSON: ${why}` }],
      folders: {},
    };
  }
  const rawService = get(raw, 'service');
  if (rawService === undefined && get(raw, 'worker') !== undefined) {
    return {
      ok: false,
      problems: [
        {
          path: 'service',
          message: 'is missing: the package holds a worker and no service',
          remedy: 'install it with: gantry worker install SOURCE',
        },
      ],
      folders: {},
    };
  }
  const reading = Manifest.safeParse(raw, { reportInput: true });
  const rawJobs = get(rawService, 'jobs');
  const jobList: readonly unknown[] = Array.isArray(rawJobs) ? rawJobs : [];
  const jobs = jobList.map((job, index) => readJob(job, `service.jobs[${index}]`));
  const problems = [
    ...(reading.success ? [] : problemsOf(reading.error)),
    ...jobs.flatMap((job) => job.problems),
    ...cycleProblems(jobList),
  ];
  if (!reading.success || problems.length > 0) {
    const module = Folder.safeParse(get(rawService, 'module'));
    const registry = Folder.safeParse(get(rawService, 'registry'));
    return {
      ok: false,
      problems,
      folders: {
        ...(module.success ? { module: module.data } : {}),
        ...(registry.success ? { registry: registry.data } : {}),
      },
    };
  }
  const { name, version, summary, service } = reading.data;
  const definitions = jobs.flatMap(({ definition }) =>
    definition === undefined ? [] : [definition],
  );
  return {
    ok: true,
    manifest: {
      name,
      version,
      summary: summary ?? '',
      module: service.module,
      registry: service.registry,
      requiredServices: service.required_services,
      requiredWorkers: service.required_workers,
      jobs: definitions,
    },
    notes: notesOn(get(raw, 'version'), definitions),
  };
};
