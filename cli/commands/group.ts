/** `gantry group …`: what belongs together, collecting or released. */
import type { Command } from 'commander';
import { Group, GroupDetail, GroupPage, InstancePage } from '../../core/contracts/api.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { showTime } from '../lib/output.ts';

export const addGroupCommands = (program: Command): void => {
  const group = program.command('group').description('instances that belong together');
  addCommand<{ aeTitle?: string; state?: string; held?: boolean }>(
    group,
    'list',
    'groups, the latest first',
    (command) =>
      command
        .option('--ae-title <title>', 'of this AE title only')
        .option('--state <state>', 'COLLECTING, CLAIMED or RELEASED')
        .option('--held', 'late ones that wait for: gantry group release ID'),
    async ({ api, output }, _, { aeTitle, state, held }) => {
      output.list(
        await api.list(GroupPage, '/groups', {
          aeTitle,
          state: state?.toUpperCase(),
          held: held === true ? 'true' : undefined,
        }),
        [
          { title: 'ID', value: ({ id }) => id },
          { title: 'AE TITLE', value: (item) => item.aeTitle },
          { title: 'KEY', value: ({ key }) => key },
          { title: 'STATE', value: (item) => (item.held ? `${item.state}, held` : item.state) },
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
    'one group, with its timeline',
    (command) => command,
    async ({ api, output }, values) => {
      const { timeline, ...fields } = await api.get(GroupDetail, apiPath('groups', first(values)));
      if (output.json) {
        output.document({ ...fields, timeline });
        return;
      }
      output.object(fields);
      output.line();
      output.table(timeline, [
        { title: 'AT', value: ({ at }) => showTime(at) },
        { title: 'UNTIL', value: ({ until }) => showTime(until) },
        { title: 'EVENT', value: ({ event }) => event },
        { title: 'FROM', value: ({ callingAeTitle }) => callingAeTitle },
        { title: 'DUE', value: ({ dueAt }) => showTime(dueAt) },
        { title: 'WHAT', value: ({ message }) => message },
      ]);
    },
  );
  addCommand(
    group,
    'release <id>',
    'complete now: releases a group that is collecting or held',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.post(Group, apiPath('groups', first(values), 'release')));
    },
  );
  addCommand<{ reason: string }>(
    group,
    'hold <id>',
    'legal hold: nothing of the group is deleted, whatever its retention',
    (command) => command.requiredOption('--reason <text>', 'why; it is kept and shown'),
    async ({ api, output }, values, { reason }) => {
      const path = apiPath('groups', first(values), 'hold');
      output.object(await api.post(Group, path, { reason }));
    },
  );
  addCommand(
    group,
    'unhold <id>',
    'takes the legal hold away',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.post(Group, apiPath('groups', first(values), 'unhold')));
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
