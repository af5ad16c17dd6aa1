/** `gantry audit …`: whether what is stored is whole. */
import type { Command } from 'commander';
import { StorageAudit } from '../../core/contracts/storage-audit.ts';
import { addCommand } from '../lib/command.ts';

export const addAuditCommands = (program: Command): void => {
  const group = program
    .command('audit')
    .description('the daily comparison of stored objects with what the table says of them');
  addCommand(
    group,
    'show',
    'what the latest one found, with the first keys of each kind',
    (command) => command,
    async ({ api, output }) => {
      const audit = await api.get(StorageAudit, '/audits/latest');
      if (output.json) {
        output.document(audit);
        return;
      }
      const { itemsWithoutObject, objectsWithoutItem, ...facts } = audit;
      output.object({
        ...facts,
        itemsWithoutObject: itemsWithoutObject.count,
        objectsWithoutItem: objectsWithoutItem.count,
      });
      for (const key of itemsWithoutObject.keys) output.line(`no object: ${key}`);
      for (const key of objectsWithoutItem.keys) output.line(`no item:   ${key}`);
    },
  );
};
