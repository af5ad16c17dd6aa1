/**
 * Changing the configuration as a whole: read what is there, check the document against it, and write the
 * difference as one transaction. Somebody else's change in between means that all of it is done again.
 */
import { MAX_CONFIGURATION_WRITES, type ConfigurationWrite } from '../../aws/configuration.ts';
import {
  configurationChanges,
  shownChanges,
} from '../../core/configuration/configuration-changes.ts';
import {
  configurationDocument,
  shownDocument,
  type ConfigurationItems,
  type InstalledPackages,
} from '../../core/configuration/configuration-document.ts';
import { askedProcessor, type SiteProcessors } from '../../core/configuration/ae-title-settings.ts';
import { readConfiguration } from '../../core/configuration/read-configuration.ts';
import { isObject } from '../../core/configuration/section-reading.ts';
import type {
  Application,
  ConfigurationChange,
  ConfigurationDocument,
  ConfigurationSection,
} from '../../core/contracts/api-whole-configuration.ts';
import { ServiceItem } from '../../core/contracts/configuration.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { changeWhole } from './change-whole.ts';
import type { ApiContext } from './context.ts';
import { ApiProblem } from './problems.ts';

interface Stored {
  readonly items: ConfigurationItems;
  readonly packages: InstalledPackages;
}

const readStored = async ({ configuration, table }: ApiContext): Promise<Stored> => {
  const [aeTitles, sources, destinations, pipelines, services, workers] = await Promise.all([
    configuration.aeTitles.list(),
    configuration.sources.list(),
    configuration.destinations.list(),
    configuration.pipelines.list(),
    configuration.services.list(),
    configuration.workers.list(),
  ]);
  const packages = await Promise.all(
    services.map(({ name, hash }) => table.get(tableKeys.serviceVersion(name, hash), ServiceItem)),
  );
  return {
    items: { aeTitles, sources, destinations, pipelines, services, workers },
    packages: new Map(
      packages.flatMap((item) => (item === undefined ? [] : [[item.name, item] as const])),
    ),
  };
};

/** The configuration as it is, without what may not be shown. */
export const exportConfiguration = async (context: ApiContext): Promise<ConfigurationDocument> => {
  const { items, packages } = await readStored(context);
  return shownDocument(configurationDocument(items, packages));
};

/** Their function is asked about each AE title that names one of the site's own processors. */
const askProcessors = async (
  { processors }: ApiContext,
  aeTitles: unknown,
): Promise<Map<string, SiteProcessors>> => {
  const asked = Object.entries(isObject(aeTitles) ? aeTitles : {}).flatMap(([name, entry]) => {
    const question = isObject(entry) ? askedProcessor(entry, undefined) : undefined;
    return question === undefined ? [] : [{ name, question }];
  });
  const answers = await Promise.all(
    asked.map(async ({ name, question }) => [name, await processors.check(question)] as const),
  );
  return new Map(answers);
};

const KINDS = {
  aeTitles: 'AE',
  sources: 'SOURCE',
  destinations: 'DESTINATION',
  pipelines: 'PIPELINE',
} as const;

const itemOf = (
  items: ConfigurationItems,
  section: keyof typeof KINDS,
  name: string,
): object | undefined => {
  switch (section) {
    case 'aeTitles':
      return items.aeTitles.find((item) => item.aeTitle === name);
    case 'sources':
      return items.sources.find((item) => item.aeTitle === name);
    case 'destinations':
      return items.destinations.find((item) => item.name === name);
    case 'pipelines':
      return items.pipelines.find((item) => item.id === name);
  }
};

const isPlain = (section: ConfigurationSection): section is keyof typeof KINDS => section in KINDS;

/** Workers are installed, never written here. */
const writesOf = (
  changes: readonly ConfigurationChange[],
  items: ConfigurationItems,
  now: number,
): ConfigurationWrite[] =>
  changes.flatMap(({ action, section, name }): ConfigurationWrite[] => {
    if (isPlain(section)) {
      const kind = KINDS[section];
      if (action === 'remove') return [{ kind, name, removed: true }];
      const item = itemOf(items, section, name);
      return item === undefined ? [] : [{ kind, name, item }];
    }
    if (section === 'workers') return [];
    if (action === 'remove') return [{ kind: 'SERVICE', name, removed: true }];
    const service = items.services.find((item) => item.name === name);
    return service === undefined
      ? []
      : [{ kind: 'SERVICE', name, service: { ...service, updatedAt: now } }];
  });

const checkSize = (writes: readonly ConfigurationWrite[]): void => {
  if (writes.length <= MAX_CONFIGURATION_WRITES) return;
  throw new ApiProblem('invalid-configuration', [
    {
      message: `${writes.length} things would change; at most ${MAX_CONFIGURATION_WRITES} can change at once, all or none`,
      remedy:
        'apply it in several files: sections that a file leaves out are not touched; with --keep, so are things',
    },
  ]);
};

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly keep: boolean;
}

/** Throws every problem of the document; then nothing was changed. */
export const applyConfiguration = async (
  context: ApiContext,
  document: Readonly<Record<string, unknown>>,
  { dryRun, keep }: ApplyOptions,
): Promise<Application> => {
  const processors = await askProcessors(context, document['aeTitles']);
  return changeWhole(context, async () => {
    const { items, packages } = await readStored(context);
    const options = { keep, installFirst: dryRun, processors };
    const reading = readConfiguration(document, items, packages, options);
    if (!reading.ok) throw new ApiProblem('invalid-configuration', reading.problems);
    const changes = configurationChanges(
      configurationDocument(items, packages),
      configurationDocument(reading.items, packages),
    );
    const writes = writesOf(changes, reading.items, context.clock());
    checkSize(writes);
    const answer: Application = {
      applied: !dryRun,
      changes: [...reading.installs, ...shownChanges(changes)],
      notes: [...reading.notes],
    };
    return { writes: dryRun ? [] : writes, answer };
  });
};
