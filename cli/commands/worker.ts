/** `gantry worker …`: the environments that jobs run in. */
import type { Command } from 'commander';
import { Worker, WorkerPage } from '../../core/contracts/api-packages.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';

export const addWorkerCommands = (program: Command): void => {
  const group = program.command('worker').description('the environments that jobs run in');
  addCommand(
    group,
    'list',
    'all workers',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(WorkerPage, '/workers'),
        [
          { title: 'NAME', value: ({ name }) => name },
          { title: 'TYPE', value: ({ type }) => type },
          { title: 'SLOTS', value: ({ slots }) => slots },
          { title: 'MAX RUNNERS', value: ({ maxRunners }) => maxRunners },
        ],
        'no worker',
      );
    },
  );
  addCommand(
    group,
    'show <name>',
    'one worker',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Worker, apiPath('workers', first(values))));
    },
  );
};
