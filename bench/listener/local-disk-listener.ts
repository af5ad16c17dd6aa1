/**
 * A program: our listener with its whole ingest, the objects being files in the folder that its first argument
 * names, and groups in memory. It admits everybody. Says its port as the listener's process does.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { memoryDeliveries } from '../../core/processors/extension/memory-stores.ts';
import { makeIngest } from '../../listener-container/ingest/ingest.ts';
import { prepareSpoolDirectory } from '../../listener-container/ingest/spool.ts';
import { DEFAULT_LIMITS, Listener } from '../../listener-container/server.ts';
import { BENCH_AE_TITLE } from '../../test/support/ingest-bench.ts';
import { memoryGroups } from '../../test/support/memory-groups.ts';
import { localDisk } from './local-disk.ts';

const MAXIMUM_ASSOCIATIONS = 64;
const ignored = (): void => undefined;
const log = { info: ignored, warn: ignored, error: ignored };

const [, , folder = ''] = process.argv;
const spoolDirectory = join(folder, '..', 'spool');
mkdirSync(folder, { recursive: true });
await prepareSpoolDirectory(spoolDirectory);
const listener = await Listener.start({
  host: '127.0.0.1',
  port: 0,
  maximumAssociations: MAXIMUM_ASSOCIATIONS,
  limits: DEFAULT_LIMITS,
  policy: { decide: () => Promise.resolve(undefined) },
  refusals: { record: () => Promise.resolve() },
  receiver: makeIngest({
    objects: localDisk(folder),
    // Every instance is a new one: looking for others in memory would cost what no table's index does.
    groups: { ...memoryGroups(), putInstance: () => Promise.resolve({ isNew: true, others: [] }) },
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
