/** An ingest with a store in memory, a bucket that is an array, and a spool directory of its own. */
import { GANTRY_AE_TITLE } from './ae-titles.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { ObjectStore, StoredInstances } from '../../core/contracts/ports.ts';
import {
  makeIngest,
  type Ingest,
  type IngestDependencies,
} from '../../listener-container/ingest/ingest.ts';
import {
  memoryDeliveries,
  type MemoryDeliveries,
} from '../../core/processors/extension/memory-stores.ts';
import { objectBytes } from './object-bytes.ts';
import { memoryGroups, type MemoryGroups } from './memory-groups.ts';

export const BENCH_AE_TITLE: AeTitleItem = {
  ...GANTRY_AE_TITLE,
};

export interface IngestBench {
  readonly groups: MemoryGroups;
  readonly deliveries: MemoryDeliveries;
  readonly stored: readonly {
    readonly key: string;
    readonly bytes: Buffer;
    readonly length: number;
  }[];
  /** The checks that were asked for, with their delays in seconds. */
  readonly checks: readonly { readonly groupId: string; readonly delay: number }[];
  readonly spoolDirectory: string;
  readonly keepObject: ObjectStore['put'];
  ingest(change?: Partial<IngestDependencies>): Ingest;
  close(): Promise<void>;
}

/** Of the items in memory, as the table finds them. */
const storedOf = ({ instanceItems, unrouted }: MemoryGroups): StoredInstances => ({
  find: (aeTitle, sopInstanceUid) =>
    Promise.resolve(
      [...instanceItems.values(), ...unrouted].filter(
        (item) => item.aeTitle === aeTitle && item.sopInstanceUid === sopInstanceUid,
      ),
    ),
});

export const openIngestBench = async (): Promise<IngestBench> => {
  const spoolDirectory = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
  const groups = memoryGroups();
  const deliveries = memoryDeliveries(Date.now);
  const stored: IngestBench['stored'][number][] = [];
  const checks: IngestBench['checks'][number][] = [];
  const keepObject: ObjectStore['put'] = async (key, body, { length }) => {
    const bytes = await objectBytes(body);
    stored.push({ key, bytes, length });
  };
  return {
    groups,
    deliveries,
    stored,
    checks,
    spoolDirectory,
    keepObject,
    ingest: (change = {}) =>
      makeIngest({
        objects: { put: keepObject },
        groups,
        stored: storedOf(groups),
        // One table has both: what is stored here is found there.
        deliveries: {
          putInstance: async (instance, delivery) => {
            const isNew = await deliveries.putInstance(instance, delivery);
            if (isNew) await groups.putInstance(instance);
            return isNew;
          },
        },
        sendDelivery: () => Promise.resolve(),
        cache: { touchSeries: () => Promise.resolve() },
        aeTitle: () => Promise.resolve(BENCH_AE_TITLE),
        sendCheck: ({ groupId }, delay) => {
          checks.push({ groupId, delay });
          return Promise.resolve();
        },
        spoolDirectory,
        clock: Date.now,
        log: { info: () => undefined, warn: () => undefined, error: () => undefined },
        ...change,
      }),
    close: () => rm(spoolDirectory, { recursive: true, force: true }),
  };
};
