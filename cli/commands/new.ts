/** `gantry new …`: packages and job processors to begin with, that run as they are. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Option, type Command } from 'commander';
import { BUILT_IN_PROCESSORS } from '../../core/contracts/api-configuration.ts';
import { EVENTS, type StableEvent } from '../../core/contracts/vocabulary.ts';
import { addCommand, collect, first, type CommandContext } from '../lib/command.ts';
import { CommandFailed, WrongUsage } from '../lib/failures.ts';
import {
  serviceTemplate,
  TEMPLATE_WORKERS,
  workerTemplate,
  type TemplateFiles,
  type TemplateWorker,
} from '../lib/package-template.ts';
import { PROCESSORS_FOLDER, processorTemplate, withProcessor } from '../lib/processor-template.ts';

interface PathOption {
  readonly path: string;
}

/** Also good as the name of a job, of a worker, and of a folder. */
const nameOf = (values: readonly (string | readonly string[])[]): string => {
  const name = first(values);
  if (/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) return name;
  throw new WrongUsage(
    `"${name}" is no name for a package: a letter, then letters, digits, - and _, at most 64`,
  );
};

/** Also good as the name of a file, and of a class. */
const processorNameOf = (values: readonly (string | readonly string[])[]): string => {
  const name = first(values);
  if (!/^(?=.{1,64}$)[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name)) {
    throw new WrongUsage(
      `"${name}" is no name for a job processor: words of small letters and digits with - between them, at most 64 characters`,
    );
  }
  if (BUILT_IN_PROCESSORS.some((builtIn) => builtIn === name)) {
    throw new WrongUsage(`the job processor "${name}" is built in; take another name`);
  }
  return name;
};

const isEvent = (text: string): text is StableEvent => EVENTS.some((event) => event === text);

const eventsOf = (texts: readonly string[]): readonly StableEvent[] => {
  const unknown = texts.find((text) => !isEvent(text));
  if (unknown !== undefined) {
    throw new WrongUsage(`"${unknown}" is no event; the events are ${EVENTS.join(', ')}`);
  }
  return [...new Set(texts.filter(isEvent))];
};

const write = async (
  { output }: CommandContext,
  folder: string,
  files: TemplateFiles,
): Promise<void> => {
  if (existsSync(folder)) {
    throw new CommandFailed(`${folder} is there already; nothing was written`);
  }
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  if (output.json) output.document({ folder, files: Object.keys(files) });
  else output.message(`made ${folder}; how to install it is in its README.md`);
};

/** Everything is looked at before anything is written. */
const writeProcessor = async (
  { output }: CommandContext,
  root: string,
  name: string,
): Promise<void> => {
  const folder = join(root, PROCESSORS_FOLDER);
  const list = join(folder, 'index.ts');
  const files = processorTemplate(name);
  if (!existsSync(list)) {
    throw new CommandFailed(`there is no ${list}; nothing was written`, [
      'run it in the folder of Gantry, or name that folder with --path',
    ]);
  }
  const there = Object.keys(files).find((file) => existsSync(join(folder, file)));
  if (there !== undefined) {
    throw new CommandFailed(`${join(folder, there)} is there already; nothing was written`);
  }
  const before = await readFile(list, 'utf8');
  if (new RegExp(`^ *'?${name}'?:`, 'm').test(before)) {
    throw new CommandFailed(`${list} has a processor "${name}" already; nothing was written`);
  }
  const registered = withProcessor(before, name);
  if (registered === undefined) {
    throw new CommandFailed(`${list} is not written as expected; nothing was written`, [
      'it needs: import type { JobProcessors } …, and export const processors: JobProcessors = { … };',
    ]);
  }
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  await writeFile(list, registered);
  if (output.json) output.document({ folder, files: [...Object.keys(files), 'index.ts'] });
  else {
    output.message(
      `made ${join(folder, name)}.ts and its test, and named it in index.ts\n` +
        `test it: npm test -- ${PROCESSORS_FOLDER}/${name}\n` +
        `use it, after npm start or npm run deploy: gantry ae-title set AET --processor ${name}`,
    );
  }
};

const withPath = (command: Command): Command =>
  command.option('-p, --path <folder>', 'where its folder is made', '.');

export const addNewCommands = (program: Command): void => {
  const group = program.command('new').description('what to begin with, that runs as it is');
  addCommand<PathOption & { event?: string[]; worker?: TemplateWorker }>(
    group,
    'service <name>',
    'a service with one job',
    (command) =>
      withPath(command)
        .option(
          '-e, --event <event>',
          `when it runs: ${EVENTS.join(', ')}; may stand several times`,
          collect,
        )
        .addOption(
          new Option('--worker <type>', 'with a worker of its own').choices(TEMPLATE_WORKERS),
        ),
    async (context, values, { path, event = ['stable-series'], worker }) => {
      const name = nameOf(values);
      const files = serviceTemplate({ name, events: eventsOf(event), worker });
      await write(context, join(path, name), files);
    },
  );
  addCommand<PathOption & { type: TemplateWorker }>(
    group,
    'worker <name>',
    'a worker for jobs of other packages',
    (command) =>
      withPath(command).addOption(
        new Option('-t, --type <type>', 'how its jobs run')
          .choices(TEMPLATE_WORKERS)
          .makeOptionMandatory(),
      ),
    async (context, values, { path, type }) => {
      const name = nameOf(values);
      await write(context, join(path, name), workerTemplate(name, type));
    },
  );
  addCommand<PathOption>(
    group,
    'processor <name>',
    'a job processor of the site, with its test',
    (command) => command.option('-p, --path <folder>', 'the folder of Gantry', '.'),
    async (context, values, { path }) => {
      await writeProcessor(context, path, processorNameOf(values));
    },
  );
};
