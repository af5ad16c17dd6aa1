/**
 * Reads the worker's half of a package: the section `worker` of `dcm-processor.json` and the `settings.json` of the
 * folder that it names. The original reads a worker's settings when it installs it and fails on them one by
 * one, or when a job runs; here everything that is wrong is refused at once, before anything is stored.
 */
import { z } from 'zod';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import { DEFAULT_WORKER } from '../contracts/names.ts';
import type { WorkerItem, WorkerType } from '../contracts/worker-item.ts';
import { ignoredBuildKwargs } from './build-arguments.ts';
import { DockerSettingsFile, gpusRequested, missingFiles } from './docker-settings.ts';
import { Cpus, durationUpTo, Gpus, Memory } from './extensions.ts';
import { Folder, get, Name, problemsOf, Version } from './manifest-fields.ts';
import { nearest } from './nearest.ts';
import { withoutUndefined } from './without-undefined.ts';

/** What a package says of its worker; slots and maxRunners are absent where the site's own hold. */
export type WorkerDefinition = Omit<
  WorkerItem,
  'slots' | 'maxRunners' | 'hash' | 'environmentHash' | 'installedAt' | 'updatedAt'
> & { readonly version: string; readonly slots?: number; readonly maxRunners?: number };

export const SETTINGS_NAME = 'settings.json';
export const REQUIREMENTS_NAME = 'requirements.txt';
/** dcm-processor's own default. */
const DEFAULT_PYTHON = '3.10';
const MAXIMUM_SLOTS = 64;
const MAXIMUM_RUNNERS = 1000;
const MAXIMUM_LINGER_SECONDS = 24 * 3600;

const TYPES: Readonly<Record<string, WorkerType>> = {
  venv: 'venv',
  virtualenv: 'venv',
  docker: 'docker',
  default: 'default',
};

const Type = z.string('must be "venv", "docker" or "default"').transform((text, context) => {
  const type = Object.hasOwn(TYPES, text) ? TYPES[text] : undefined;
  if (type !== undefined) return type;
  const guess = nearest(text, Object.keys(TYPES));
  context.addIssue(
    `"${text}" is no type of worker${guess === undefined ? '' : `; did you mean "${guess}"?`} The types are venv, docker and default`,
  );
  return z.NEVER;
});

const count = (most: number) =>
  z
    .int(`must be a number from 1 to ${most}`)
    .min(1, `must be a number from 1 to ${most}`)
    .max(most, `must be a number from 1 to ${most}`)
    .nullish()
    .transform((value) => value ?? undefined);

const WorkerSection = z.object(
  {
    path: Folder,
    type: Type,
    gpu: Gpus,
    cpu: Cpus,
    memory: Memory,
    slots: count(MAXIMUM_SLOTS),
    maxRunners: count(MAXIMUM_RUNNERS),
    lingerSeconds: durationUpTo(MAXIMUM_LINGER_SECONDS, 'one day'),
  },
  'must be an object; a worker package has a section "worker"',
);

const Manifest = z.object({
  name: Name.refine(
    (name) => name !== DEFAULT_WORKER,
    `must not be "${DEFAULT_WORKER}": that worker is always there`,
  ),
  version: Version,
  summary: z.string().nullish().catch(''),
  worker: WorkerSection,
});

const PYTHON_FORM = 'must be a version of Python 3, such as "3.10" or "3.12.4"';
const PythonVersion = z
  .union([z.string(), z.number().transform(String)], PYTHON_FORM)
  .pipe(z.string().regex(/^3(\.\d+){0,2}$/, PYTHON_FORM))
  .nullish()
  .transform((version) => version ?? DEFAULT_PYTHON);

const VenvSettings = z.object({ python_version: PythonVersion }, 'must be an object');

/** The package as its files tell: paths below the worker's folder, and the text of its settings if it has any. */
export interface WorkerFiles {
  /** Relative to the worker's folder. */
  readonly paths: readonly string[];
  readonly settings: string | undefined;
}

export type WorkerReading =
  | {
      readonly ok: true;
      readonly worker: WorkerDefinition;
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

const parseJson = (text: string): { value: unknown } | { problem: string } => {
  try {
    return { value: JSON.parse(text.replace(/^\uFEFF/, '')) as unknown };
  } catch (error) {
    return { problem: `is not JSON: ${error instanceof Error ? error.message : 'unreadable'}` };
  }
};

/** Whether a manifest has a section `worker`, be it right or wrong. */
export const holdsWorker = (manifestText: string): boolean => {
  const manifest = parseJson(manifestText);
  return 'value' in manifest && (get(manifest.value, 'worker') ?? null) !== null;
};

/** The worker's folder relative to the manifest's; undefined when there is none, or the manifest is not readable. */
export const workerFolder = (manifestText: string): string | undefined => {
  const manifest = parseJson(manifestText);
  if ('problem' in manifest) return undefined;
  const path = Folder.safeParse(get(get(manifest.value, 'worker'), 'path'));
  return path.success ? path.data : undefined;
};

type Settings = Pick<WorkerDefinition, 'pythonVersion' | 'docker'>;

const readSettings = (
  type: WorkerType,
  folder: string,
  { paths, settings }: WorkerFiles,
): { readonly settings?: Settings; readonly problems: readonly ProblemDetail[] } => {
  const path = `${folder}/${SETTINGS_NAME}`;
  if (type === 'default') return { settings: {}, problems: [] };
  if (settings === undefined) {
    const message =
      paths.length === 0
        ? `is missing: the package has no folder "${folder}"`
        : 'is missing: it says what the worker needs';
    return { problems: [{ path, message }] };
  }
  const parsed = parseJson(settings);
  if ('problem' in parsed) return { problems: [{ path, message: parsed.problem }] };
  const within = (problems: readonly ProblemDetail[]): ProblemDetail[] =>
    problems.map((problem) => ({
      ...problem,
      path: problem.path === undefined || problem.path === '' ? path : `${path}: ${problem.path}`,
    }));
  const venv = VenvSettings.safeParse(parsed.value, { reportInput: true });
  const pythonProblems = venv.success ? [] : problemsOf(venv.error);
  const pythonVersion = venv.success ? { pythonVersion: venv.data.python_version } : {};
  if (type === 'venv') return { settings: pythonVersion, problems: within(pythonProblems) };
  const docker = DockerSettingsFile.safeParse(parsed.value, { reportInput: true });
  const dockerProblems = docker.success
    ? missingFiles(docker.data, paths).map(({ field, message }) => ({ path: field, message }))
    : problemsOf(docker.error);
  const problems = within([...pythonProblems, ...dockerProblems]);
  return docker.success && problems.length === 0
    ? { settings: { ...pythonVersion, docker: docker.data }, problems }
    : { problems };
};

const notesOnDocker = ({
  buildKwargs,
  runKwargs,
  networkMode,
}: NonNullable<WorkerDefinition['docker']>): string[] => {
  const listed = (field: string, names: readonly string[]): string[] =>
    names.length === 0
      ? []
      : [
          `${field} ${names.join(', ')}: without effect (docs/dcm-processor.md has those that have one)`,
        ];
  return [
    ...listed('build_kwargs', ignoredBuildKwargs(buildKwargs)),
    ...listed('run_kwargs', Object.keys(runKwargs)),
    ...(networkMode === undefined
      ? []
      : ['run_kwargs network_mode: on AWS a task has an address of its own, whatever this says']),
  ];
};

const notesOn = (rawVersion: unknown, type: WorkerType, { paths }: WorkerFiles): string[] => [
  ...(rawVersion === undefined || rawVersion === null
    ? ['the package has no version; 0.0.0 is assumed']
    : []),
  ...(type === 'venv' && !paths.includes(REQUIREMENTS_NAME)
    ? [`the worker has no ${REQUIREMENTS_NAME}; its Python has the SDK's libraries only`]
    : []),
];

/** Unknown fields are ignored. Everything that is wrong is told at once. */
export const readWorkerPackage = (manifestText: string, files: WorkerFiles): WorkerReading => {
  const raw = parseJson(manifestText);
  if ('problem' in raw) {
    return { ok: false, problems: [{ path: 'dcm-processor.json', message: raw.problem }] };
  }
  const rawWorker = get(raw.value, 'worker');
  if (rawWorker === undefined || rawWorker === null) {
    const remedy =
      get(raw.value, 'service') === undefined
        ? undefined
        : 'it holds a service; install it with: gantry service install SOURCE';
    const message = 'is missing: the package holds no worker';
    return {
      ok: false,
      problems: [withoutUndefined({ path: 'worker', message, remedy })],
    };
  }
  const manifest = Manifest.safeParse(raw.value, { reportInput: true });
  const type = Type.safeParse(get(rawWorker, 'type'));
  const folder = Folder.safeParse(get(rawWorker, 'path'));
  const reading =
    type.success && folder.success ? readSettings(type.data, folder.data, files) : { problems: [] };
  const problems = [...(manifest.success ? [] : problemsOf(manifest.error)), ...reading.problems];
  if (!manifest.success || problems.length > 0 || reading.settings === undefined) {
    return { ok: false, problems };
  }
  const { name, version, summary, worker } = manifest.data;
  const { gpu, cpu, memory, slots, maxRunners, lingerSeconds } = worker;
  const { docker } = reading.settings;
  const requested = docker === undefined ? 0 : gpusRequested(docker);
  return {
    ok: true,
    worker: withoutUndefined({
      name,
      version,
      summary: summary ?? '',
      type: worker.type,
      gpu: gpu ?? (requested > 0 ? requested : undefined),
      cpu,
      memoryMiB: memory,
      slots,
      maxRunners,
      lingerSeconds,
      ...reading.settings,
    }),
    notes: [
      ...notesOn(get(raw.value, 'version'), worker.type, files),
      ...(docker === undefined ? [] : notesOnDocker(docker)),
    ],
  };
};

/** Whether a `requirements.txt` names other files: then the environment depends on them too. */
export const refersToFiles = (requirements: string): boolean =>
  requirements
    .split('\n')
    .map((line) => line.trim())
    .some((line) =>
      /^(-r|-c|-e|--requirement|--constraint|--editable|--find-links|-f)\b|^\.{0,2}\/|@\s*file:|^[^#]*\.(whl|tar\.gz|zip)(\s|$)/.test(
        line,
      ),
    );
