/** A bucket that is a folder: one file for each object, written but not synchronised, as other receivers write theirs. */
import { randomUUID } from 'node:crypto';
import { link, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ObjectBody, ObjectStore } from '../../core/contracts/ports.ts';

type UnwrittenBody = Exclude<ObjectBody, { readonly file: string }>;

const written = async (path: string, body: UnwrittenBody): Promise<void> => {
  const file = await open(path, 'wx');
  try {
    if (body instanceof Readable) for await (const chunk of body) await file.write(chunk as Buffer);
    else await file.writev(body instanceof Uint8Array ? [body] : body);
  } finally {
    await file.close();
  }
};

/** What is in a file already gets a second name, as a store on the same disk would do it; the rest is written. */
export const localDisk = (folder: string): Pick<ObjectStore, 'put'> => ({
  put: async (key, body) => {
    const path = join(folder, key.replaceAll('/', '_'));
    if ('file' in body) {
      await link(body.file, path);
      return;
    }
    // A file appears under its name when it is whole.
    const unfinished = join(folder, `${randomUUID()}.unfinished`);
    await written(unfinished, body);
    await rename(unfinished, path);
  },
});
