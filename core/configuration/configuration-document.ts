/**
 * The stored configuration as the document that `export` prints: every thing under its name, with all of its
 * settings, so that applying the document changes nothing. What a package says of a service is left to the package.
 */
import { isDeepStrictEqual } from 'node:util';
import { toAeTitle, toDestination, toPipeline, toSource } from '../contracts/api-configuration.ts';
import type { ConfigurationDocument, ServiceEntry } from '../contracts/api-whole-configuration.ts';
import type {
  AeTitleItem,
  DestinationItem,
  PipelineItem,
  ServiceItem,
  SourceItem,
} from '../contracts/configuration.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';

/** All items of the configuration. */
export interface ConfigurationItems {
  readonly aeTitles: readonly AeTitleItem[];
  readonly sources: readonly SourceItem[];
  readonly destinations: readonly DestinationItem[];
  readonly pipelines: readonly PipelineItem[];
  readonly services: readonly ServiceItem[];
  readonly workers: readonly WorkerItem[];
}

/** By the name of a service: its installed version as the package has it, without the site's changes. */
export type InstalledPackages = ReadonlyMap<string, ServiceItem>;

type Entry = Record<string, unknown>;

/** What a thing is named by, and what is told of it beside its settings. */
const NO_SETTINGS = new Set(['notes', 'username']);

const settingsOf = (shown: object, nameField: string): Entry =>
  Object.fromEntries(
    Object.entries(shown).filter(([field]) => field !== nameField && !NO_SETTINGS.has(field)),
  );

const aeTitleEntry = (item: AeTitleItem): Entry => ({
  ...settingsOf(toAeTitle(item), 'aeTitle'),
  pipelines: item.pipelines,
});

const sourceEntry = (item: SourceItem): Entry => ({
  ...settingsOf(toSource(item), 'aeTitle'),
  ...(item.userIdentity === undefined ? {} : { userIdentity: item.userIdentity }),
});

/** The called AE title of a destination is one of its settings. */
const destinationEntry = (item: DestinationItem): Entry => settingsOf(toDestination(item), 'name');

const pipelineEntry = (item: PipelineItem): Entry => settingsOf(toPipeline(item), 'id');

/** Settings of the jobs that are not as in the package. */
const jobEntries = (item: ServiceItem, packaged: ServiceItem): ServiceEntry['jobs'] => {
  const entries = item.jobs.flatMap(({ jobName, disabled, params }) => {
    const original = packaged.jobs.find((job) => job.jobName === jobName);
    const changed = Object.entries(params).filter(
      ([key, value]) => !isDeepStrictEqual(value, original?.params[key]),
    );
    const settings = {
      ...(disabled === original?.disabled ? {} : { disabled }),
      ...(changed.length === 0 ? {} : { params: Object.fromEntries(changed) }),
    };
    return Object.keys(settings).length === 0 ? [] : [[jobName, settings] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
};

const serviceEntry = (item: ServiceItem, packaged: ServiceItem): Entry => {
  const jobs = jobEntries(item, packaged);
  return {
    version: item.version,
    ...(item.disabled ? { disabled: true } : {}),
    ...(jobs === undefined ? {} : { jobs }),
  };
};

const byName = <T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  entryOf: (item: T) => Entry,
): Record<string, Entry> =>
  Object.fromEntries(
    items
      .map((item): [string, Entry] => [nameOf(item), entryOf(item)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/**
 * With the hashes of passcodes: it is for comparing. The worker that every installation has is no part of it,
 * and neither is a pipeline `default` that nobody made.
 */
export const configurationDocument = (
  items: ConfigurationItems,
  packages: InstalledPackages,
): ConfigurationDocument => ({
  workers: byName(
    items.workers.filter(({ version }) => version !== undefined),
    ({ name }) => name,
    ({ version }) => ({ version }),
  ),
  services: byName(
    items.services,
    ({ name }) => name,
    (item) => serviceEntry(item, packages.get(item.name) ?? item),
  ),
  pipelines: byName(items.pipelines, ({ id }) => id, pipelineEntry),
  aeTitles: byName(items.aeTitles, ({ aeTitle }) => aeTitle, aeTitleEntry),
  sources: byName(items.sources, ({ aeTitle }) => aeTitle, sourceEntry),
  destinations: byName(items.destinations, ({ name }) => name, destinationEntry),
});

/** Without the hashes of passcodes: what may be shown. */
export const shownDocument = (document: ConfigurationDocument): ConfigurationDocument => ({
  ...document,
  sources: Object.fromEntries(
    Object.entries(document.sources ?? {}).map(([name, entry]) => [
      name,
      'userIdentity' in entry ? { ...entry, userIdentity: shownIdentity(entry) } : entry,
    ]),
  ),
});

const shownIdentity = ({ userIdentity }: Entry): Entry => ({
  username: (userIdentity as SourceItem['userIdentity'])?.username,
});
