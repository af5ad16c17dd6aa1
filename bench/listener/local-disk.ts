/**
 * A bucket that is a folder: one file for each object, written under its name and not synchronised, as other receivers
 * write theirs. What is in memory is written at once: a page cache takes it in less time than another thread is asked.
 */
import { closeSync, openSync, writevSync } from 'node:fs';
import { link, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ObjectStore } from '../../core/contracts/ports.ts';

const streamed = async (path: string, body: Readable): Promise<void> => {
  const file = await open(path, 'wx');
  try {
    for await (const chunk of body) await file.write(chunk as Buffer);
  } finally {
    await file.close();
  }
};

const written = (path: string, pieces: readonly Uint8Array[]): void => {
  const file = openSync(path, 'wx');
  try {
    writevSync(file, pieces);
  } finally {
    closeSync(file);
  }
};

/** What is in a file already gets a second name, as a store on the same disk would do it; the rest is written. */
export const localDisk = (folder: string): Pick<ObjectStore, 'put'> => ({
  put: async (key, body) => {
    const path = join(folder, key.replaceAll('/', '_'));
    if ('file' in body) await link(body.file, path);
    else if (body instanceof Readable) await streamed(path, body);
    else written(path, body instanceof Uint8Array ? [body] : body);
  },
});
