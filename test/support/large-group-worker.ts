/** Seals a group by the code of the function, in a thread whose memory its starter limits: `workerData` is the number of instances. */
import { parentPort, workerData } from 'node:worker_threads';
import type { z } from 'zod';
import { tableGroups } from '../../aws/groups.ts';
import type { Table } from '../../aws/table.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { sealGroup } from '../../core/processors/manifest.ts';
import { manifestInstances, presentContents } from '../../core/processors/members.ts';
import { aGroup, anInstance } from './groups.ts';

const count = Number(workerData);
const group = aGroup({
  keyValues: ['1.2.3'],
  state: 'CLAIMED',
  claimedAt: 1_006_100,
});
const PAGE = 800;

/** As a page of the table is: everything in it anew. */
const pageFrom = (start: number): unknown[] =>
  JSON.parse(
    JSON.stringify(
      Array.from({ length: Math.min(PAGE, count - start) }, (_, index) => {
        const number = start + index;
        const uid = `1.2.840.113619.2.55.3.604688119.971.${String(number).padStart(10, '0')}`;
        return anInstance(group, uid, {
          ...{
            seriesInstanceUid: `1.2.840.113619.2.55.3.${number % 20}`,
            receivedAt: number,
          },
          objectKey: `instances/ab/GANTRY/1.2.3/1.2.840.113619.2.55.3.${number % 20}/${uid}.dcm`,
          attributes: {
            PatientID: 'P1',
            Modality: 'CT',
            SeriesDescription: `part ${number % 20}`,
          },
        });
      }),
    ),
  ) as unknown[];

const queryAll = <T>(_partition: string, prefix: string, schema: z.ZodType<T>): Promise<T[]> => {
  if (prefix === tableKeys.groupPrefix) return Promise.resolve([schema.parse(group)]);
  const items: T[] = [];
  for (let start = 0; start < count; start += PAGE) {
    for (const item of pageFrom(start)) items.push(schema.parse(item));
  }
  return Promise.resolve(items);
};

let bytes = 0;
const groups = tableGroups(
  { queryAll } as unknown as Table,
  {
    size: () => Promise.resolve(undefined),
    putJsonIfAbsent: (_key: string, value: unknown) => {
      bytes = Buffer.byteLength(JSON.stringify(value));
      return Promise.resolve(true);
    },
  } as unknown as ObjectStore,
);
const manifest = await sealGroup(
  { groups, clock: () => 1_010_000, sleep: () => Promise.resolve() },
  group,
);
const present = presentContents(
  group.id,
  [{ ...group, state: 'COLLECTING' }],
  await groups.instances(group.keyId),
  new Map(),
);
parentPort?.postMessage({
  sealed: manifestInstances(manifest).length,
  present: present?.members.length,
  bytes,
});
