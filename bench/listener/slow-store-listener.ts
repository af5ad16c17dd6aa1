/**
 * A program: our listener before a bucket and a table that take a fixed time for each call, however many there are at
 * once, and keep nothing. What both really took for an instance is a line of the file that its argument names.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startIngestListener } from './ingest-listener.ts';

const STORE_MS = 20;

const [, , file = ''] = process.argv;

const slowCall = async (): Promise<void> => {
  const begun = performance.now();
  await sleep(STORE_MS);
  appendFileSync(file, `${performance.now() - begun}\n`);
};

await startIngestListener(join(file, '..', 'spool'), { put: slowCall }, slowCall);
