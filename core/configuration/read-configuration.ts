/**
 * A configuration document, read against what is there and checked as a whole: with the checks of the single
 * settings, and those that need to see all of it. Either the items that are to be there come out, or every problem.
 */
import type { z } from 'zod';
import { DestinationSettings, PipelineSettings } from '../contracts/api-configuration.ts';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import {
  CONFIGURATION_SECTIONS,
  SourceEntry,
  type ConfigurationChange,
  type ConfigurationSection,
} from '../contracts/api-whole-configuration.ts';
import { AeTitleName, type AeTitleItem, type SourceItem } from '../contracts/configuration.ts';
import { DEFAULT_PIPELINE } from '../contracts/names.ts';
import { nearest } from '../packages/nearest.ts';
import { readAeTitleSettings, type SiteProcessors } from './ae-title-settings.ts';
import type { ConfigurationItems, InstalledPackages } from './configuration-document.ts';
import { readDestinationSettings } from './destination-settings.ts';
import { readPipelineSettings } from './pipeline-settings.ts';
import { readServices, readWorkers } from './package-entries.ts';
import { isObject, type SectionReading } from './section-reading.ts';
import { readSourceSettings } from './source-settings.ts';

export type ConfigurationReading =
  | {
      readonly ok: true;
      readonly items: ConfigurationItems;
      /** Packages that have to be installed first. */
      readonly installs: readonly ConfigurationChange[];
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

export interface ReadingOptions {
  /** What the document does not name stays as it is. */
  readonly keep: boolean;
  /** Packages with a source count as installed: whoever applies the document installs them first. */
  readonly installFirst: boolean;
  /** What the site's processors say of the AE titles that name one, by the names as they are written. */
  readonly processors: ReadonlyMap<string, SiteProcessors>;
}

type EntryReading<T> =
  | { readonly ok: true; readonly item: T; readonly notes?: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

const below = (path: string, problems: readonly ProblemDetail[]): ProblemDetail[] =>
  problems.map((problem) => ({
    ...problem,
    path: problem.path === undefined ? path : `${path}.${problem.path}`,
  }));

/** The issues of a schema as problems of the entry, or what `read` makes of it. */
const checked = <S, T>(
  schema: z.ZodType<S>,
  entry: unknown,
  read: (settings: S) => EntryReading<T>,
): EntryReading<T> => {
  const parsed = schema.safeParse(entry);
  return parsed.success
    ? read(parsed.data)
    : {
        ok: false,
        problems: parsed.error.issues.map(({ path, message }) => ({
          path: path.map(String).join('.'),
          message,
        })),
      };
};

/** Reads one section entry by entry: a thing that is named is set anew, with the defaults for what is left out. */
const readSection = <T>(
  document: Readonly<Record<string, unknown>>,
  section: ConfigurationSection,
  current: readonly T[],
  nameOf: (item: T) => string,
  keep: boolean,
  read: (name: string, entry: unknown) => EntryReading<T>,
): SectionReading<T> => {
  const entries = document[section];
  if (entries === undefined) return { items: current, problems: [], notes: [] };
  if (!isObject(entries)) {
    const message = 'must be an object: name to settings';
    return { items: current, problems: [{ path: section, message }], notes: [] };
  }
  const items = new Map<string, T>();
  const problems: ProblemDetail[] = [];
  const notes: string[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const path = `${section}.${name}`;
    const reading = read(name, entry);
    if (!reading.ok) problems.push(...below(path, reading.problems));
    else if (items.has(nameOf(reading.item))) {
      problems.push({ path, message: `names ${nameOf(reading.item)} a second time` });
    } else {
      items.set(nameOf(reading.item), reading.item);
      notes.push(...(reading.notes ?? []).map((note) => `${path}: ${note}`));
    }
  }
  const others = keep ? current.filter((item) => !items.has(nameOf(item))) : [];
  return { items: [...others, ...items.values()], problems, notes };
};

const readAeTitle = (
  name: string,
  entry: unknown,
  pipelines: ReadonlySet<string>,
  site: SiteProcessors | undefined,
): EntryReading<AeTitleItem> => {
  if (!isObject(entry)) {
    return { ok: false, problems: [{ message: 'must be an object with the settings' }] };
  }
  const title = AeTitleName.safeParse(name);
  const reading = readAeTitleSettings(name.trim(), entry, undefined, pipelines, site);
  if (title.success) return reading;
  const problems = title.error.issues.map(({ message }) => ({ message }));
  return { ok: false, problems: [...problems, ...(reading.ok ? [] : reading.problems)] };
};

/** The hash of the passcode is not exported: without it, that of the same user name stays. */
const withStoredPasscode = (
  { userIdentity, ...settings }: z.infer<typeof SourceEntry>,
  before: SourceItem | undefined,
): Parameters<typeof readSourceSettings>[1] | undefined => {
  if (userIdentity === undefined || userIdentity === null) return settings;
  const stored =
    before?.userIdentity?.username === userIdentity.username
      ? before.userIdentity.passcodeSha256
      : undefined;
  const passcodeSha256 = userIdentity.passcodeSha256 ?? stored;
  return passcodeSha256 === undefined
    ? undefined
    : { ...settings, userIdentity: { username: userIdentity.username, passcodeSha256 } };
};

const readSource = (
  name: string,
  entry: z.infer<typeof SourceEntry>,
  before: SourceItem | undefined,
): EntryReading<SourceItem> => {
  const settings = withStoredPasscode(entry, before);
  return settings === undefined
    ? {
        ok: false,
        problems: [
          {
            path: 'userIdentity.passcodeSha256',
            message: 'is not stored for this user name; give the SHA-256 of the passcode in hex',
          },
        ],
      }
    : readSourceSettings(name, settings, undefined);
};

const idsWithDefault = (items: ConfigurationItems['pipelines']): Set<string> =>
  new Set([DEFAULT_PIPELINE, ...items.map(({ id }) => id)]);

const unknownSections = (document: Readonly<Record<string, unknown>>): ProblemDetail[] =>
  Object.keys(document)
    .filter((key) => key !== '$schema' && !CONFIGURATION_SECTIONS.some((known) => known === key))
    .map((key) => ({
      path: key,
      message: `is no section of a configuration; did you mean "${nearest(key, CONFIGURATION_SECTIONS) ?? ''}"?`,
    }));

/** AE titles that are kept as they are must not lose a pipeline that they name. */
const lostPipelines = (
  aeTitles: readonly AeTitleItem[],
  untouched: ReadonlySet<AeTitleItem>,
  known: ReadonlySet<string>,
): ProblemDetail[] =>
  aeTitles
    .filter((item) => untouched.has(item))
    .flatMap(({ aeTitle, pipelines }) =>
      Object.values(pipelines)
        .filter((id) => !known.has(id))
        .map((id) => ({
          path: `pipelines.${id}`,
          message: `would be removed, and the AE title ${aeTitle} names it`,
        })),
    );

/** A service that a pipeline names is not removed; one that never was there is only worth a note. */
const namedServices = (
  pipelines: ConfigurationItems['pipelines'],
  available: ReadonlySet<string>,
  before: ReadonlySet<string>,
): { problems: ProblemDetail[]; notes: string[] } => {
  const missing = pipelines.flatMap(({ id, services }) =>
    services.filter((name) => !available.has(name)).map((name) => ({ id, name })),
  );
  return {
    problems: missing
      .filter(({ name }) => before.has(name))
      .map(({ id, name }) => ({
        path: `services.${name}`,
        message: `would be removed, and the pipeline "${id}" names it`,
      })),
    notes: missing
      .filter(({ name }) => !before.has(name))
      .map(({ id, name }) => `pipelines.${id}: the service "${name}" is not installed yet`),
  };
};

/** `document` is JSON that somebody wrote; `current` is what is there. */
export const readConfiguration = (
  document: Readonly<Record<string, unknown>>,
  current: ConfigurationItems,
  packages: InstalledPackages,
  { keep, installFirst, processors }: ReadingOptions,
): ConfigurationReading => {
  const pipelines = readSection(
    document,
    'pipelines',
    current.pipelines,
    ({ id }) => id,
    keep,
    (id, entry) =>
      checked(PipelineSettings, entry, (settings) => readPipelineSettings(id, settings, undefined)),
  );
  const written = isObject(document['pipelines']) ? Object.keys(document['pipelines']) : [];
  // A pipeline with a problem of its own is not told as missing too.
  const known = new Set([...idsWithDefault(pipelines.items), ...written]);
  const aeTitles = readSection(
    document,
    'aeTitles',
    current.aeTitles,
    ({ aeTitle }) => aeTitle,
    keep,
    (name, entry) => readAeTitle(name, entry, known, processors.get(name)),
  );
  const sources = readSection(
    document,
    'sources',
    current.sources,
    ({ aeTitle }) => aeTitle,
    keep,
    (name, entry) =>
      checked(SourceEntry, entry, (settings) =>
        readSource(
          name,
          settings,
          current.sources.find(({ aeTitle }) => aeTitle === name.trim()),
        ),
      ),
  );
  const destinations = readSection(
    document,
    'destinations',
    current.destinations,
    ({ name }) => name,
    keep,
    (name, entry) =>
      checked(DestinationSettings, entry, (settings) =>
        readDestinationSettings(name, settings, undefined),
      ),
  );
  const installing = { keep, installFirst };
  const services = readServices(document['services'], current.services, packages, installing);
  const workers = readWorkers(document['workers'], current.workers, installing);
  const installs = [...workers.installs, ...services.installs];
  const named = namedServices(
    pipelines.items,
    new Set([...services.items, ...services.installs].map(({ name }) => name)),
    new Set(current.services.map(({ name }) => name)),
  );
  const sections = [pipelines, aeTitles, sources, destinations, services, workers];
  const problems = [
    ...unknownSections(document),
    ...sections.flatMap((section) => section.problems),
    ...lostPipelines(aeTitles.items, new Set(current.aeTitles), known),
    ...named.problems,
  ];
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    items: {
      pipelines: pipelines.items,
      aeTitles: aeTitles.items,
      sources: sources.items,
      destinations: destinations.items,
      services: services.items,
      workers: current.workers,
    },
    installs,
    notes: [...sections.flatMap(({ notes }) => notes), ...named.notes],
  };
};
