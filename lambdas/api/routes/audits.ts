/** The daily audit of the stored images: what it found last. */
import { tableKeys } from '../../../core/contracts/keys.ts';
import {
  StorageAudit,
  StorageAuditItem,
  toStorageAudit,
} from '../../../core/contracts/storage-audit.ts';
import { ApiProblem } from '../problems.ts';
import { route } from '../router.ts';

export const auditRoutes = [
  route({
    method: 'GET',
    path: '/audits/latest',
    operation: 'getLatestAudit',
    summary: 'The latest audit of the stored images: objects without items, items without objects',
    response: StorageAudit,
    handle: async ({ table }) => {
      const audit = await table.get(tableKeys.storageAudit, StorageAuditItem);
      if (audit === undefined) {
        throw new ApiProblem('not-found', [
          { message: 'nothing was audited yet', remedy: 'it is done once a day' },
        ]);
      }
      return { json: toStorageAudit(audit) };
    },
  }),
];
