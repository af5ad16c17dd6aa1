/** `gantry new …`: packages to begin with, that run as they are. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Option, type Command } from 'commander';
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

const withPath = (command: Command): Command =>
  command.option('-p, --path <folder>', 'where its folder is made', '.');

export const addNewCommands = (program: Command): void => {
  const group = program.command('new').description('packages to begin with, that run as they are');
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
};
