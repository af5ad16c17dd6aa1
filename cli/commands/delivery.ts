/** `gantry delivery …`: what a site's job processors are owed, and what they failed with. */
import type { Command } from 'commander';
import { Delivery, DeliveryPage } from '../../core/contracts/api-deliveries.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { showTime } from '../lib/output.ts';

export const addDeliveryCommands = (program: Command): void => {
  const group = program
    .command('delivery')
    .description("instances and timers that a site's job processors have not done with");
  addCommand<{ aeTitle?: string; parked?: boolean }>(
    group,
    'list',
    'the latest first, with the reason of the last failure',
    (command) =>
      command
        .option('--ae-title <title>', 'of this AE title only')
        .option('--parked', 'only those that are not tried again by themselves'),
    async ({ api, output }, _, { aeTitle, parked }) => {
      const state = parked === true ? 'PARKED' : undefined;
      output.list(
        await api.list(DeliveryPage, '/deliveries', { aeTitle, state }),
        [
          { title: 'ID', value: ({ id }) => id },
          { title: 'STATE', value: (item) => item.state },
          { title: 'WHAT', value: ({ kind }) => kind },
          { title: 'AE TITLE', value: (item) => item.aeTitle },
          { title: 'PROCESSOR', value: ({ processor }) => processor },
          { title: 'ATTEMPTS', value: ({ attempts }) => attempts },
          { title: 'DUE', value: ({ dueAt }) => showTime(dueAt) },
          { title: 'WHY', value: ({ error }) => error && `${error.type}: ${error.message}` },
        ],
        'nothing is owed to a processor',
      );
    },
  );
  addCommand(
    group,
    'retry <id>',
    'tries a parked one again',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.post(Delivery, apiPath('deliveries', first(values), 'retry'), {}));
    },
  );
};
