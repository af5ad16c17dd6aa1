/** `gantry source …`: who may call. */
import type { Command } from 'commander';
import { Source, SourcePage } from '../../core/contracts/api-configuration.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, collect, first } from '../lib/command.ts';

export const addSourceCommands = (program: Command): void => {
  const group = program.command('source').description('who may call');
  addCommand(
    group,
    'list',
    'all sources',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(SourcePage, '/sources'),
        [
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'HOSTS', value: ({ hosts }) => (hosts.length === 0 ? 'any' : hosts) },
        ],
        'no source: any AE title may call, from this computer only',
      );
    },
  );
  addCommand(
    group,
    'show <aet>',
    'one source',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Source, apiPath('sources', first(values))));
    },
  );
  addCommand<{ host?: string[] }>(
    group,
    'set <aet>',
    'lets an AE title call; from then on only sources may',
    (command) =>
      command.option('--host <cidr>', 'an address or a block, such as 10.1.0.0/16', collect),
    async ({ api, output }, values, { host }) => {
      output.object(await api.put(Source, apiPath('sources', first(values)), { hosts: host }));
    },
  );
  addCommand(
    group,
    'remove <aet>',
    'removes a source',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('sources', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
