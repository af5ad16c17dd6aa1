/** Our listener with its whole ingest, on a free port, before stores that a benchmark chooses. It admits everybody. */
import { memoryDeliveries } from '../../core/processors/extension/memory-stores.ts';
import { openHashing } from '../../listener-container/hashing/hash-thread.ts';
import { makeIngest, type IngestDependencies } from '../../listener-container/ingest/ingest.ts';
import { prepareSpoolDirectory } from '../../listener-container/ingest/spool.ts';
import { DEFAULT_LIMITS, Listener } from '../../listener-container/server.ts';
import { BENCH_AE_TITLE } from '../../test/support/ingest-bench.ts';
import { memoryGroups } from '../../test/support/memory-groups.ts';

const MAXIMUM_ASSOCIATIONS = 64;
const ignored = (): void => undefined;
const log = { info: ignored, warn: ignored, error: ignored };

/** Says its port as the listener's process does. */
export const startIngestListener = async (
  spoolDirectory: string,
  objects: IngestDependencies['objects'],
  /** Done before an item is there. */
  beforeItem: () => Promise<void>,
): Promise<void> => {
  await prepareSpoolDirectory(spoolDirectory);
  const listener = await Listener.start({
    host: '127.0.0.1',
    port: 0,
    maximumAssociations: MAXIMUM_ASSOCIATIONS,
    limits: DEFAULT_LIMITS,
    policy: { decide: () => Promise.resolve(undefined) },
    refusals: { record: () => Promise.resolve() },
    receiver: makeIngest({
      objects,
      beginHash: openHashing(log).begin,
      // Every instance is a new one: looking for others in memory would cost what no table's index does.
      groups: {
        ...memoryGroups(),
        putInstance: async () => {
          await beforeItem();
          return { isNew: true, others: [] };
        },
      },
      stored: { find: () => Promise.resolve([]) },
      aeTitle: () => Promise.resolve(BENCH_AE_TITLE),
      sendCheck: () => Promise.resolve(),
      deliveries: memoryDeliveries(Date.now),
      cache: { touchSeries: () => Promise.resolve() },
      sendDelivery: () => Promise.resolve(),
      spoolDirectory,
      clock: Date.now,
      log,
    }),
    log,
  });
  process.stdout.write(`${JSON.stringify({ event: 'listening', dimsePort: listener.port })}\n`);
};
