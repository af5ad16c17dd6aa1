/** `gantry group …`: what belongs together, collecting or released. */
import type { Command } from 'commander';
import { Group, GroupPage, InstancePage } from '../../core/contracts/api.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { showTime } from '../lib/output.ts';

export const addGroupCommands = (program: Command): void => {
  const group = program.command('group').description('instances that belong together');
  addCommand<{ aeTitle?: string; state?: string }>(
    group,
    'list',
    'groups, the latest first',
    (command) =>
      command
        .option('--ae-title <title>', 'of this AE title only')
        .option('--state <state>', 'COLLECTING, CLAIMED or RELEASED'),
    async ({ api, output }, _, { aeTitle, state }) => {
      output.list(
        await api.list(GroupPage, '/groups', { aeTitle, state: state?.toUpperCase() }),
        [
          { title: 'ID', value: ({ id }) => id },
          { title: 'AE TITLE', value: (item) => item.aeTitle },
          { title: 'KEY', value: ({ key }) => key },
          { title: 'STATE', value: (item) => item.state },
          { title: 'INSTANCES', value: ({ instanceCount }) => instanceCount },
          { title: 'LAST RECEIVED', value: ({ lastReceivedAt }) => showTime(lastReceivedAt) },
          { title: 'SESSIONS', value: ({ sessions }) => sessions },
        ],
        'no group',
      );
    },
  );
  addCommand(
    group,
    'show <id>',
    'one group',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Group, apiPath('groups', first(values))));
    },
  );
  addCommand(
    group,
    'instances <id>',
    'the instances of a group, in the order of arrival',
    (command) => command,
    async ({ api, output }, values) => {
      output.list(
        await api.list(InstancePage, apiPath('groups', first(values), 'instances')),
        [
          { title: 'SOP INSTANCE', value: ({ sopInstanceUid }) => sopInstanceUid },
          { title: 'SERIES', value: ({ seriesInstanceUid }) => seriesInstanceUid },
          { title: 'BYTES', value: ({ size }) => size },
          { title: 'FROM', value: ({ callingAeTitle }) => callingAeTitle },
          { title: 'RECEIVED', value: ({ receivedAt }) => showTime(receivedAt) },
        ],
        'no instance',
      );
    },
  );
};
