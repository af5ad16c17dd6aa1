/** Applying a configuration document: what would change, then the packages that it needs, then all of the rest at once. */
import { isAbsolute, join } from 'node:path';
import { Installation, WorkerInstallation } from '../../core/contracts/api-packages.ts';
import {
  Application,
  type ConfigurationChange,
  type ConfigurationSection,
} from '../../core/contracts/api-whole-configuration.ts';
import type { ApiClient } from './api-client.ts';
import { installAll, tellWorker } from './install-packages.ts';
import { Output, show } from './output.ts';

const THING: Readonly<Record<ConfigurationSection, string>> = {
  workers: 'worker',
  services: 'service',
  pipelines: 'pipeline',
  aeTitles: 'ae-title',
  sources: 'source',
  destinations: 'destination',
};
const SIGN = { install: '>', add: '+', change: '~', remove: '-' } as const;

const fieldLine = (
  action: ConfigurationChange['action'],
  { field, before, after }: ConfigurationChange['fields'][number],
): string =>
  action === 'change'
    ? `    ${field}: ${show(before)} → ${show(after)}`
    : `    ${field}: ${show(after)}`;

/** The difference for a person: `+` is new, `~` changed, `-` removed, `>` installed first. */
export const changeLines = (changes: readonly ConfigurationChange[]): string[] =>
  changes.flatMap(({ action, section, name, fields }) => [
    `${SIGN[action]} ${action} ${THING[section]} ${name}`,
    ...(action === 'remove' ? [] : fields.map((field) => fieldLine(action, field))),
  ]);

/** A URL, or the path seen from `folder`. */
const located = (source: string, folder: string): string =>
  /^[a-z][a-z0-9+.-]*:|^git@/i.test(source) || isAbsolute(source) ? source : join(folder, source);

const sourceOf = ({ fields }: ConfigurationChange): string => {
  const source = fields.find(({ field }) => field === 'source')?.after;
  return typeof source === 'string' ? source : '';
};

const installFirst = async (
  changes: readonly ConfigurationChange[],
  folder: string,
  api: ApiClient,
): Promise<void> => {
  // Standard output is for the difference: what is said of installations is a message.
  const output = new Output(false);
  const sources = (section: ConfigurationSection) => [
    ...new Set(
      changes
        .filter((change) => change.action === 'install' && change.section === section)
        .map((change) => located(sourceOf(change), folder)),
    ),
  ];
  await installAll(sources('workers'), true, api, output, {
    path: '/workers',
    schema: WorkerInstallation,
    tell: (installation) => {
      tellWorker(output, installation);
    },
  });
  await installAll(sources('services'), true, api, output, {
    path: '/services',
    schema: Installation,
    tell: ({ outcome, service, worker }) => {
      if (worker !== undefined) tellWorker(output, worker);
      output.message(`${outcome}: ${service.name} ${service.version}`);
    },
  });
};

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** What the document does not name stays. */
  readonly keep: boolean;
  /** Where the sources of packages are seen from. */
  readonly folder: string;
}

/**
 * Nothing is installed when the document has a problem. Packages are installed before anything else; what is
 * wrong with their settings is found only then, and leaves them installed and the configuration as it was.
 */
export const applyDocument = async (
  configuration: unknown,
  { dryRun, keep, folder }: ApplyOptions,
  api: ApiClient,
): Promise<Application> => {
  const send = (dry: boolean): Promise<Application> =>
    api.post(Application, '/configuration', { configuration, dryRun: dry, keep });
  const planned = await send(true);
  if (dryRun) return planned;
  const installs = planned.changes.filter(({ action }) => action === 'install');
  await installFirst(installs, folder, api);
  const { changes, ...applied } = await send(false);
  return { ...applied, changes: [...installs, ...changes] };
};

/** The difference as lines, or with --json the whole answer. */
export const printApplication = (output: Output, application: Application): void => {
  output.notes(application.notes);
  if (output.json) {
    output.document(application);
    return;
  }
  for (const line of changeLines(application.changes)) output.line(line);
  const count = application.changes.length;
  output.message(
    count === 0
      ? 'nothing to change'
      : application.applied
        ? `applied: ${count} changes`
        : `${count} changes; nothing was changed`,
  );
};
