/** `gantry unrouted …`: received and kept, but in no group. */
import type { Command } from 'commander';
import { Unrouted, UnroutedPage } from '../../core/contracts/api.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { showTime } from '../lib/output.ts';

export const addUnroutedCommands = (program: Command): void => {
  const group = program.command('unrouted').description('instances that belong to no group');
  addCommand<{ aeTitle?: string }>(
    group,
    'list',
    'the latest first, with the reason',
    (command) => command.option('--ae-title <title>', 'of this AE title only'),
    async ({ api, output }, _, { aeTitle }) => {
      output.list(
        await api.list(UnroutedPage, '/unrouted', { aeTitle }),
        [
          { title: 'ID', value: ({ id }) => id },
          { title: 'AE TITLE', value: (item) => item.aeTitle },
          { title: 'FROM', value: ({ callingAeTitle }) => callingAeTitle },
          { title: 'RECEIVED', value: ({ receivedAt }) => showTime(receivedAt) },
          { title: 'REASON', value: ({ reason }) => reason },
        ],
        'every instance is in a group',
      );
    },
  );
  addCommand(
    group,
    'show <id>',
    'one of them',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Unrouted, apiPath('unrouted', first(values))));
    },
  );
};
