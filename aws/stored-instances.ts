/** Finds instances by SOP Instance UID: through the pointer beside each instance's item, or among the unrouted. */
import { InstanceItem, StoredInstanceItem } from '../core/contracts/items.ts';
import { parseStoredVersion, tableKeys } from '../core/contracts/keys.ts';
import type { StoredInstances } from '../core/contracts/ports.ts';
import type { Table } from './table.ts';

const Found = InstanceItem.pick({
  sopClassUid: true,
  objectKey: true,
  sha256: true,
  doomedAt: true,
});

/** What the reclaimer has is not safe. */
const isKept = ({ doomedAt }: Pick<InstanceItem, 'doomedAt'>): boolean => doomedAt === undefined;

export const tableStoredInstances = (table: Pick<Table, 'get' | 'queryAll'>): StoredInstances => ({
  find: async (aeTitle, sopInstanceUid) => {
    const pointer = await table.get(
      tableKeys.storedInstance(aeTitle, sopInstanceUid),
      StoredInstanceItem,
    );
    const versions = [...(pointer?.versions ?? [])].map(parseStoredVersion);
    const routed = await Promise.all(
      versions.map(({ keyId, sha256 }) =>
        table.get(tableKeys.instance(keyId, sopInstanceUid, sha256), Found),
      ),
    );
    const found = routed.flatMap((item) => item ?? []).filter(isKept);
    return found.length > 0
      ? found
      : (
          await table.queryAll(
            tableKeys.unroutedPartition(aeTitle),
            tableKeys.unroutedPrefix(sopInstanceUid),
            Found,
          )
        ).filter(isKept);
  },
});
