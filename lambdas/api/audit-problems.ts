/** What the latest audit of the stored images found, as problems of the status. */
import { tableKeys } from '../../core/contracts/keys.ts';
import { StorageAuditItem } from '../../core/contracts/storage-audit.ts';
import type { ApiContext } from './context.ts';

const SEE = 'see: gantry audit show';

/** None without an audit: the first is made within a day of the start. */
export const auditProblems = async ({ table }: Pick<ApiContext, 'table'>): Promise<string[]> => {
  const audit = await table.get(tableKeys.storageAudit, StorageAuditItem);
  if (audit === undefined) return [];
  const { unfinishedBecause, itemsWithoutObject, objectsWithoutItem } = audit;
  return [
    ...(itemsWithoutObject.count > 0
      ? [`the objects of ${itemsWithoutObject.count} stored instances are not there; ${SEE}`]
      : []),
    ...(objectsWithoutItem.count > 0
      ? [`${objectsWithoutItem.count} stored objects belong to no instance; ${SEE}`]
      : []),
    ...(unfinishedBecause === undefined
      ? []
      : [`the daily audit of the stored images came to no end; ${SEE}`]),
  ];
};
