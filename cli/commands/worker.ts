/** `gantry worker …`: the environments that jobs run in. */
import type { Command } from 'commander';
import { WorkerDetail, WorkerInstallation, WorkerPage } from '../../core/contracts/api-packages.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { installAll, tellWorker } from '../lib/install-packages.ts';

const addInstall = (group: Command): void => {
  addCommand<{ force?: boolean }>(
    group,
    'install <source...>',
    'installs the workers of packages: a folder, an archive, an http(s) URL, a git URL',
    (command) => command.option('-f, --force', 'replace a version that is installed'),
    async ({ api, output }, [sources], { force }) => {
      await installAll(Array.isArray(sources) ? sources : [], force === true, api, output, {
        path: '/workers',
        schema: WorkerInstallation,
        tell: (installation) => {
          tellWorker(output, installation);
        },
      });
    },
  );
};

export const addWorkerCommands = (program: Command): void => {
  const group = program.command('worker').description('the environments that jobs run in');
  addInstall(group);
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
          { title: 'VERSION', value: ({ version }) => version },
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
    'one worker: whether its environment could be made, and who runs',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(WorkerDetail, apiPath('workers', first(values))));
    },
  );
  addCommand(
    group,
    'remove <name>',
    'removes a worker that no service needs',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('workers', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
