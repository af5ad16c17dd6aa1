/** `gantry ae-title …`: what Gantry answers to. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AeTitle, AeTitleDetail, AeTitlePage } from '../../core/contracts/api-configuration.ts';
import { sopClassName } from '../../core/configuration/sop-classes.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, collect, first } from '../lib/command.ts';
import { CommandFailed, WrongUsage } from '../lib/failures.ts';

interface SetOptions {
  readonly groupBy?: string[];
  readonly timeout?: string;
  readonly maxWait?: string;
  readonly priority?: string;
  readonly processor?: string;
  readonly set?: string[];
  readonly pipeline?: string[];
  readonly late?: string;
  readonly lateWindow?: string;
  readonly accept?: string[];
  readonly ignore?: string[];
  readonly complete?: string;
  readonly onIncomplete?: string;
  readonly jobRetryDelay?: string;
  readonly acceptUnknownSopClasses?: string;
  readonly uidMismatch?: string;
  readonly unparsable?: string;
  readonly duplicates?: string;
  readonly resends?: string;
  readonly retention?: string;
}

/** What is no number goes to the API as it is, which tells it together with every other problem. */
const numberOrText = (text: string | undefined): number | string | undefined =>
  text === undefined || text.trim() === '' || !Number.isFinite(Number(text)) ? text : Number(text);

const yesNoOrText = (text: string | undefined): boolean | string | undefined =>
  text === 'true' ? true : text === 'false' ? false : text;

const pipelineMap = (pairs: readonly string[]): Record<string, string | null> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...id] = pair.split('=');
      if (id.length === 0) {
        throw new WrongUsage(`--pipeline ${pair}: write NAME=ID, or NAME= to take it away`);
      }
      return [name, id.join('=') || null];
    }),
  );

/** A value is JSON, or a text if it is none. */
const settingOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

const processorSettings = (pairs: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...value] = pair.split('=');
      if (key === '' || value.length === 0) {
        throw new WrongUsage(`--set ${pair}: write KEY=VALUE, or KEY= to take it away`);
      }
      const text = value.join('=');
      return [key, text === '' ? null : settingOf(text)];
    }),
  );

/** One text, or several of a composite key; a comma separates them as well, outside of a tag's brackets. */
const groupByOf = (texts: readonly string[]): string | string[] => {
  const parts = texts.flatMap((text) => text.split(/,(?![^(]*\))/)).map((text) => text.trim());
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : parts;
};

/** A list of SOP classes as it is to be from now on; the one word `empty` empties it. */
const sopClassList = (
  texts: readonly string[] | undefined,
  empty: string,
): readonly string[] | undefined =>
  texts?.length === 1 && texts[0]?.toLowerCase() === empty ? [] : texts;

/** The file's JSON: a list of inputs; the one word `none` takes them away. */
const declaredInputs = async (file: string | undefined): Promise<unknown> => {
  if (file === undefined) return undefined;
  if (file === 'none') return [];
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`--complete ${file}: it must be a file with JSON (${why})`);
  }
};

const settingsOf = async (options: SetOptions): Promise<Record<string, unknown>> => ({
  processor: options.processor,
  settings: options.set === undefined ? undefined : processorSettings(options.set),
  groupBy: options.groupBy === undefined ? undefined : groupByOf(options.groupBy),
  timeout: numberOrText(options.timeout),
  maxWait: numberOrText(options.maxWait),
  priority: options.priority,
  pipelines: options.pipeline === undefined ? undefined : pipelineMap(options.pipeline),
  late: options.late,
  lateWindow: numberOrText(options.lateWindow),
  accept: sopClassList(options.accept, 'any'),
  ignore: sopClassList(options.ignore, 'none'),
  complete: await declaredInputs(options.complete),
  onIncomplete: options.onIncomplete,
  jobRetryDelay: numberOrText(options.jobRetryDelay),
  acceptUnknownSopClasses: yesNoOrText(options.acceptUnknownSopClasses),
  uidMismatch: options.uidMismatch,
  unparsable: options.unparsable,
  duplicates: options.duplicates,
  resends: options.resends,
  retention: numberOrText(options.retention),
});

/** For a person: SOP classes by name. */
const named = ({ accept, ignore, ignored, ...aeTitle }: AeTitleDetail) => ({
  ...aeTitle,
  accept: accept.length === 0 ? 'any' : accept.map(sopClassName),
  ignore: ignore.map(sopClassName),
  ignored: ignored.map(({ sopClassUid, count }) => `${count} × ${sopClassName(sopClassUid)}`),
});

export const addAeTitleCommands = (program: Command): void => {
  const group = program.command('ae-title').description('what Gantry answers to');
  addCommand(
    group,
    'list',
    'all AE titles',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(AeTitlePage, '/ae-titles'),
        [
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'PROCESSOR', value: ({ processor }) => processor },
          { title: 'GROUP BY', value: ({ groupBy }) => groupBy },
          { title: 'TIMEOUT', value: ({ timeout }) => `${timeout} s` },
          { title: 'MAX WAIT', value: ({ maxWait }) => `${maxWait} s` },
          { title: 'PRIORITY', value: ({ priority }) => priority },
          { title: 'PIPELINES', value: ({ pipelines }) => pipelines },
        ],
        'no AE title; make one with: gantry ae-title set NAME',
      );
    },
  );
  addCommand(
    group,
    'show <name>',
    'one AE title',
    (command) => command,
    async ({ api, output }, values) => {
      const aeTitle = await api.get(AeTitleDetail, apiPath('ae-titles', first(values)));
      output.object(output.json ? aeTitle : named(aeTitle));
    },
  );
  addCommand<SetOptions>(
    group,
    'set <name>',
    'makes or changes an AE title; what is not named stays as it is',
    (command) =>
      command
        .option(
          '--group-by <key>',
          'Patient, Study, Series, a keyword or (gggg,eeee); several make a composite key',
          collect,
        )
        .option('--timeout <seconds>', 'seconds of quiet before a group is released')
        .option('--max-wait <seconds>', 'seconds after the first instance, whatever still arrives')
        .option('--priority <priority>', 'immediate, higher, normal or lower')
        .option('--processor <name>', 'the job processor: ae-title, cache, or one of the site')
        .option('--set <key=value>', 'a setting of that processor; KEY= takes one away', collect)
        .option('--pipeline <name=id>', 'one session for each; NAME= takes one away', collect)
        .option('--late <policy>', 'what comes after the release: new, rerun or hold')
        .option('--late-window <seconds>', 'how long after the release it counts as late')
        .option(
          '--accept <sopclass...>',
          'SOP classes to group, by UID, name or keyword; all others are ignored; any: all',
        )
        .option(
          '--ignore <sopclass...>',
          'SOP classes to acknowledge and not keep, even if accepted; none: no more',
        )
        .option('--complete <file>', 'inputs that a group must have (docs/rules.md); none: no more')
        .option('--on-incomplete <policy>', 'when the time runs out before: run, hold or discard')
        .option('--job-retry-delay <milliseconds>', 'before the first retry of a job')
        .option(
          '--accept-unknown-sop-classes <true|false>',
          'private ones, and those of later editions',
        )
        .option(
          '--uid-mismatch <policy>',
          'SOP class or instance is not that of the request: refuse or store',
        )
        .option('--unparsable <policy>', 'cannot be read for its key: unrouted or refuse')
        .option(
          '--duplicates <policy>',
          'the same instance with other bytes: keepBoth, keepFirst or replace',
        )
        .option(
          '--resends <policy>',
          'the same instance with the same bytes: acknowledge, or restart the quiet time',
        )
        .option('--retention <days>', 'from the release of a group until its images are deleted'),
    async ({ api, output }, values, options) => {
      const aeTitle = await api.put(
        AeTitle,
        apiPath('ae-titles', first(values)),
        await settingsOf(options),
      );
      output.notes(aeTitle.notes);
      output.object(aeTitle);
    },
  );
  addCommand(
    group,
    'remove <name>',
    'removes an AE title',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('ae-titles', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
