/**
 * The sections `services` and `workers` of a configuration document. A package is named with the version that has to
 * be installed, or with a source that it is installed from first; beside the package, a service has the site's settings.
 */
import type { z } from 'zod';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import {
  ServiceEntry,
  WorkerEntry,
  type ConfigurationChange,
} from '../contracts/api-whole-configuration.ts';
import type { JobDefinition, ServiceItem } from '../contracts/configuration.ts';
import { DEFAULT_WORKER } from '../contracts/names.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';
import type { InstalledPackages } from './configuration-document.ts';
import { isObject, type SectionReading } from './section-reading.ts';

interface Options {
  readonly keep: boolean;
  readonly installFirst: boolean;
}

export interface PackagesReading<T> extends SectionReading<T> {
  readonly installs: readonly ConfigurationChange[];
}

type PackageKind = 'service' | 'worker';

/** Undefined when the package that the entry asks for is there; else what is to be done, or what is wrong. */
const missing = (
  kind: PackageKind,
  name: string,
  entry: z.infer<typeof WorkerEntry>,
  installed: { readonly version?: string | undefined } | undefined,
): { readonly why: string; readonly install: ConfigurationChange } | undefined => {
  const rightVersion = entry.version === undefined || entry.version === installed?.version;
  if (installed !== undefined && rightVersion) return undefined;
  const why =
    installed === undefined
      ? `the ${kind} is not installed`
      : `version ${installed.version ?? 'of the installation'} is installed, not ${entry.version ?? ''}`;
  const field = (name_: string, before: unknown, after: unknown) =>
    after === undefined
      ? []
      : [{ field: name_, ...(before === undefined ? {} : { before }), after }];
  return {
    why,
    install: {
      action: 'install',
      section: `${kind}s`,
      name,
      fields: [
        ...field('source', undefined, entry.source),
        ...field('version', installed?.version, entry.version),
      ],
    },
  };
};

const remedyOf = (kind: PackageKind, source: string | undefined): string =>
  source === undefined
    ? `name its source in the document, or install it first: gantry ${kind} install SOURCE`
    : `install it first: gantry ${kind} install --force ${source}`;

/** The job with what the site says about it, on top of what the package says. */
const withSettings = (
  job: JobDefinition,
  settings: NonNullable<ServiceEntry['jobs']>[string] | undefined,
): JobDefinition => ({
  ...job,
  disabled: settings?.disabled ?? job.disabled,
  params: { ...job.params, ...settings?.params },
});

/** The service as its package has it, with the entry's settings. */
const withEntry = (
  installed: ServiceItem,
  packaged: ServiceItem,
  entry: ServiceEntry,
): ServiceItem => ({
  ...installed,
  disabled: entry.disabled ?? false,
  jobs: packaged.jobs.map((job) => withSettings(job, entry.jobs?.[job.jobName])),
});

const unknownJobs = (path: string, packaged: ServiceItem, entry: ServiceEntry): ProblemDetail[] => {
  const known = packaged.jobs.map(({ jobName }) => jobName);
  return Object.keys(entry.jobs ?? {})
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `${path}.jobs.${name}`,
      message: `the service has no job of this name; its jobs: ${known.join(', ')}`,
    }));
};

/** The entries of the section that are well-formed, by name; problems of the others. */
const entriesOf = <S extends z.ZodType>(
  section: 'services' | 'workers',
  value: unknown,
  schema: S,
): { entries: [string, z.output<S>][]; problems: ProblemDetail[] } => {
  if (!isObject(value)) {
    const message = 'must be an object: name to settings';
    return { entries: [], problems: [{ path: section, message }] };
  }
  const entries: [string, z.output<S>][] = [];
  const problems: ProblemDetail[] = [];
  for (const [name, entry] of Object.entries(value)) {
    const parsed = schema.safeParse(entry);
    if (parsed.success) entries.push([name, parsed.data]);
    for (const { path, message } of parsed.error?.issues ?? []) {
      problems.push({ path: [section, name, ...path.map(String)].join('.'), message });
    }
  }
  return { entries, problems };
};

/** Services that the section does not name are removed, unless they are kept. */
export const readServices = (
  value: unknown,
  current: readonly ServiceItem[],
  packages: InstalledPackages,
  { keep, installFirst }: Options,
): PackagesReading<ServiceItem> => {
  if (value === undefined) return { items: current, problems: [], notes: [], installs: [] };
  const { entries, problems } = entriesOf('services', value, ServiceEntry);
  const items: ServiceItem[] = [];
  const installs: ConfigurationChange[] = [];
  for (const [name, entry] of entries) {
    const path = `services.${name}`;
    const installed = current.find((service) => service.name === name);
    const lack = missing('service', name, entry, installed);
    if (lack !== undefined && entry.source !== undefined && installFirst) {
      installs.push(lack.install);
      if (installed !== undefined) items.push(installed);
    } else if (lack !== undefined) {
      problems.push({ path, message: lack.why, remedy: remedyOf('service', entry.source) });
    } else if (installed !== undefined) {
      const packaged = packages.get(name) ?? installed;
      problems.push(...unknownJobs(path, packaged, entry));
      items.push(withEntry(installed, packaged, entry));
    }
  }
  const named = new Set(Object.keys(isObject(value) ? value : {}));
  const others = keep ? current.filter(({ name }) => !named.has(name)) : [];
  return { items: [...others, ...items], problems, notes: [], installs };
};

/** No worker is removed: its queues and runners would go with it, which no transaction can take back. */
export const readWorkers = (
  value: unknown,
  current: readonly WorkerItem[],
  { keep, installFirst }: Options,
): PackagesReading<WorkerItem> => {
  if (value === undefined) return { items: current, problems: [], notes: [], installs: [] };
  const { entries, problems } = entriesOf('workers', value, WorkerEntry);
  const installs: ConfigurationChange[] = [];
  for (const [name, entry] of entries) {
    const lack = missing(
      'worker',
      name,
      entry,
      current.find((worker) => worker.name === name),
    );
    if (lack === undefined) continue;
    if (entry.source !== undefined && installFirst) installs.push(lack.install);
    else {
      const remedy = remedyOf('worker', entry.source);
      problems.push({ path: `workers.${name}`, message: lack.why, remedy });
    }
  }
  const named = new Set(entries.map(([name]) => name));
  const notes = current
    .filter(({ name }) => !keep && name !== DEFAULT_WORKER && !named.has(name))
    .map(
      ({ name }) =>
        `workers.${name}: is installed and not named, and stays; remove it with: gantry worker remove ${name}`,
    );
  return { items: current, problems, notes, installs };
};
