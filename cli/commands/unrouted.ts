/** `gantry unrouted …`: received and kept, but in no group. */
import type { Command } from 'commander';
import { Routed, Unrouted, UnroutedPage } from '../../core/contracts/api.ts';
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
  addCommand<{ to: string }>(
    group,
    'route <id>',
    'files it under an AE title, by the rules of what arrives there',
    (command) => command.requiredOption('--to <title>', 'the AE title'),
    async ({ api, output }, values, { to }) => {
      const path = apiPath('unrouted', first(values), 'route');
      output.object(await api.post(Routed, path, { to }));
    },
  );
  addCommand(
    group,
    'delete <id>',
    'deletes it, with its object',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('unrouted', first(values)));
      output.message(`deleted ${first(values)}`);
    },
  );
};
