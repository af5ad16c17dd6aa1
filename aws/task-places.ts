/** The places of docker workers' tasks, as items of the table. */
import { TaskPlace } from '../core/contracts/items.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import type { TaskPlaces } from '../core/running/task-places.ts';
import type { Table } from './table.ts';

export const tableTaskPlaces = (table: Pick<Table, 'queryAll' | 'update'>): TaskPlaces => ({
  list: (worker) =>
    table.queryAll(tableKeys.poolPartition(worker), tableKeys.taskPlacePrefix, TaskPlace),
  take: async (worker, { place, holder }, instead) => {
    const taken = await table.update(tableKeys.taskPlace(worker, place), {
      update: 'SET #place = :place, #holder = :holder',
      condition: `attribute_not_exists(pk)${instead === undefined ? '' : ' OR #holder = :instead'}`,
      names: ['place', 'holder'],
      values: { place, holder, ...(instead === undefined ? {} : { instead }) },
    });
    return taken !== undefined;
  },
});
