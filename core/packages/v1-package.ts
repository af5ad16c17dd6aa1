/**
 * Packages of dcm-processor 1: a folder `registry` with `settings.json` beside a folder `module`. Each becomes job
 * definitions of `stable-patient`, the one event that version 1 had, and two Python packages through which the
 * platform's adapter finds its functions under their dotted names.
 */
import type { ProblemDetail } from '../contracts/api-problem.ts';
import type { JobDefinition } from '../contracts/configuration.ts';
import { findCycles, showCycle } from './cycles.ts';
import { readJob } from './job-definition.ts';
import { get, Name } from './manifest-fields.ts';
import type { PackageManifest } from './manifest.ts';
import { mayCallOrthanc, orthancCalls } from './orthanc-calls.ts';
import { isPackageFile } from './package-files.ts';

const SETTINGS = 'registry/settings.json';
const VERSION = '0.0.0';
/** Where version 1 puts a job that says nothing. */
const DEFAULT_SORT_POSITION = 999;
/** The channel that every installation of version 1 had. */
const DEFAULT_CHANNEL = 'default';

/** Below which a package's two folders stand, under its own name, in what is stored of it. */
export const V1_FOLDER = 'v1';

/** `__init__.py` of what the runner imports as `service_module`. */
export const V1_MODULE_INIT = `"""A package for dcm-processor 1: its functions, by their dotted names."""

from pathlib import Path

from gantry_worker.v1 import WorkerFunctions

__getattr__ = WorkerFunctions(Path(__file__).parent / "${V1_FOLDER}")
`;

/** `__init__.py` of what the registry function imports. */
export const V1_REGISTRY_INIT = `"""A package for dcm-processor 1: its functions, by their dotted names."""

from pathlib import Path

from gantry_v1 import RegistryFunctions

__getattr__ = RegistryFunctions(Path(__file__).parent / "${V1_FOLDER}")
`;

const depth = (path: string): number => path.split('/').length;

/** The settings nearest to the top; of several at one depth the first by name. */
export const findV1Settings = (paths: readonly string[]): string | undefined =>
  paths
    .filter((path) => isPackageFile(path) && (path === SETTINGS || path.endsWith(`/${SETTINGS}`)))
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))[0];

/** The package's own folder, with a slash at its end, or nothing at the top. */
const rootOf = (settingsPath: string): string => settingsPath.slice(0, -SETTINGS.length);

export interface V1Folders {
  readonly module: string;
  readonly registry: string;
}

export const v1Folders = (settingsPath: string): V1Folders => ({
  module: `${rootOf(settingsPath)}module`,
  registry: `${rootOf(settingsPath)}registry`,
});

/** The files whose texts {@link readV1Package} needs. */
export const v1Sources = (paths: readonly string[], settingsPath: string): readonly string[] => {
  const folders = Object.values(v1Folders(settingsPath)) as string[];
  return paths.filter(
    (path) =>
      isPackageFile(path) &&
      mayCallOrthanc(path) &&
      folders.some((folder) => path.startsWith(`${folder}/`)),
  );
};

export type V1Reading =
  | { readonly ok: true; readonly manifest: PackageManifest; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

const DOTTED_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*(?:\.[\p{ID_Start}_][\p{ID_Continue}]*)+$/u;

/** The two functions of a job, and the folders that their modules must be found in. */
const FUNCTIONS = { worker: 'module', callback: 'registry' } as const;

/** Why a function cannot be found, before anything is imported. */
const functionProblem = (
  name: unknown,
  kind: 'module' | 'registry',
  paths: ReadonlySet<string>,
  folder: string,
): string | undefined => {
  if (typeof name !== 'string') return 'is missing';
  if (!DOTTED_NAME.test(name)) {
    return `must be the dotted name of a function, such as "my_service.worker", and is ${JSON.stringify(name)}`;
  }
  const below = name.split('.').slice(1, -1).join('/');
  const candidates = below === '' ? ['__init__.py'] : [`${below}.py`, `${below}/__init__.py`];
  return candidates.some((file) => paths.has(`${folder}/${file}`))
    ? undefined
    : `names "${name}", but the package has no ${kind}/${candidates.join(` or ${kind}/`)}`;
};

/** A job of the settings in the fields of version 2; its functions are checked by themselves. */
const asJob = (raw: unknown): Record<string, unknown> => {
  const field = (name: string) => get(raw, name);
  const channel = field('channel');
  return {
    jobName: field('jobName'),
    workerEntry: 'worker',
    registryEntry: 'callback',
    events: ['stable-patient'],
    dependsOn: field('dependsOn'),
    sortPosition: field('sortPosition') ?? DEFAULT_SORT_POSITION,
    worker: channel === DEFAULT_CHANNEL ? null : channel,
    timeout: field('timeout'),
    params: field('params'),
    disabled: field('disabled'),
    description: field('description'),
  };
};

interface JobReading {
  readonly definition?: JobDefinition;
  /** First parts of the functions' names. */
  readonly packages: readonly string[];
  readonly problems: readonly ProblemDetail[];
}

const readV1Job = (
  raw: unknown,
  index: number,
  paths: ReadonlySet<string>,
  folders: V1Folders,
): JobReading => {
  const path = `${SETTINGS}[${index}]`;
  const { definition, problems } = readJob(asJob(raw), path);
  const packages: string[] = [];
  const functionProblems = Object.entries(FUNCTIONS).flatMap(([field, kind]) => {
    const name = get(raw, field);
    const problem = functionProblem(name, kind, paths, folders[kind]);
    if (problem !== undefined) return [{ path: `${path}.${field}`, message: problem }];
    packages.push(String(name).split('.')[0] ?? '');
    return [];
  });
  const all = [...problems, ...functionProblems];
  if (definition === undefined || all.length > 0) return { packages, problems: all };
  return {
    definition: {
      ...definition,
      workerEntry: String(get(raw, 'worker')),
      registryEntry: String(get(raw, 'callback')),
      v1: true,
    },
    packages,
    problems: [],
  };
};

const orthancProblems = (sources: ReadonlyMap<string, string>): ProblemDetail[] =>
  [...sources].flatMap(([path, text]) =>
    orthancCalls(path, text).map(({ line, text: found }) => ({
      path: `${path}:${line}`,
      message: `calls Orthanc's REST API (${found}), and there is no Orthanc here`,
      remedy:
        'read the images below DATA/dicom, and hand results over as "storage" in what the registry callback adds',
    })),
  );

const parse = (text: string): { readonly value: unknown } | { readonly problem: string } => {
  try {
    return { value: JSON.parse(text.replace(/^\uFEFF/, '')) as unknown };
  } catch (error) {
    return { problem: `is not JSON: ${error instanceof Error ? error.message : 'unreadable'}` };
  }
};

/** Version 1 takes the name at installation; it must be the one under which the functions are imported. */
const nameProblems = (names: readonly string[]): ProblemDetail[] => {
  if (names.length > 1) {
    return [
      {
        path: SETTINGS,
        message: `names functions of several packages (${names.join(', ')}); a package has one name`,
        remedy: 'make a package of each',
      },
    ];
  }
  const checked = Name.safeParse(names[0] ?? '');
  return names.length === 0 || checked.success ? [] : [{ path: SETTINGS, message: 'no name' }];
};

const notesOn = (paths: ReadonlySet<string>, root: string): string[] => [
  'it is for dcm-processor 1: its jobs run once for a patient, when the AE title groups by patient',
  ...['requirements.txt', 'script.sh']
    .filter((name) =>
      [`${root}${name}`, `${root}module/${name}`, `${root}registry/${name}`].some((path) =>
        paths.has(path),
      ),
    )
    .map((name) => `its ${name} is not used: what it needs is for its worker to have`),
];

/** Everything that is wrong is told at once; `sources` are the texts of {@link v1Sources} by path. */
export const readV1Package = (
  allPaths: readonly string[],
  settingsPath: string,
  settingsText: string,
  sources: ReadonlyMap<string, string>,
): V1Reading => {
  const paths = new Set(allPaths);
  const folders = v1Folders(settingsPath);
  const parsed = parse(settingsText);
  if ('problem' in parsed) {
    const problems = [{ path: SETTINGS, message: parsed.problem }, ...orthancProblems(sources)];
    return { ok: false, problems };
  }
  const rawJobs: readonly unknown[] = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  const jobs = rawJobs.map((raw, index) => readV1Job(raw, index, paths, folders));
  const definitions = jobs.flatMap(({ definition }) =>
    definition === undefined ? [] : [definition],
  );
  const names = [...new Set(jobs.flatMap((job) => job.packages))];
  const problems = [
    ...jobs.flatMap((job) => job.problems),
    ...nameProblems(names),
    ...findCycles(definitions).map((cycle) => ({
      path: SETTINGS,
      message: `dependsOn goes in a circle: ${showCycle(cycle)}`,
      remedy: 'none of these jobs could ever start; remove one of the dependencies',
    })),
    ...orthancProblems(sources),
  ];
  const [name] = names;
  if (problems.length > 0 || name === undefined) {
    return {
      ok: false,
      problems:
        problems.length > 0 ? problems : [{ path: SETTINGS, message: 'has no job: it is empty' }],
    };
  }
  return {
    ok: true,
    manifest: {
      name,
      version: VERSION,
      summary: '',
      module: 'module',
      registry: 'registry',
      requiredServices: [],
      requiredWorkers: [],
      jobs: definitions,
    },
    notes: notesOn(paths, rootOf(settingsPath)),
  };
};
