/** A program: our listener, the objects being files in the folder that its first argument names, and groups in memory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startIngestListener } from './ingest-listener.ts';
import { localDisk } from './local-disk.ts';

const [, , folder = ''] = process.argv;
mkdirSync(folder, { recursive: true });
await startIngestListener(join(folder, '..', 'spool'), localDisk(folder), () => Promise.resolve());
