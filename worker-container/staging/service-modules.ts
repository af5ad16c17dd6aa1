/**
 * Service code on this runner's disk: each version's module, unpacked once and used by every job of it.
 * File modes are kept, so that a program that comes with a package can be run.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';

/** A stored module cannot be unpacked. */
export class ModuleUnusable extends Error {
  override readonly name = 'ModuleUnusable';
}

const MODE_SHIFT = 16;
const PERMISSIONS = 0o777;
const WRITABLE_BY_OTHERS = 0o022;
const TYPE_MASK = 0o170000;
const SYMBOLIC_LINK = 0o120000;

const openZip = async (bytes: Buffer): Promise<ZipFile> => {
  try {
    return await fromBufferPromise(bytes, { lazyEntries: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ModuleUnusable(`the module's archive cannot be read: ${why}`);
  }
};

const unpackEntry = async (zip: ZipFile, entry: Entry, folder: string): Promise<void> => {
  const target = resolve(folder, entry.fileName);
  if (!target.startsWith(folder + sep)) {
    throw new ModuleUnusable(`the module's archive leads out of its folder: ${entry.fileName}`);
  }
  if (entry.fileName.endsWith('/')) {
    await mkdir(target, { recursive: true });
    return;
  }
  const attributes = entry.externalFileAttributes >>> MODE_SHIFT;
  if ((attributes & TYPE_MASK) === SYMBOLIC_LINK) {
    throw new ModuleUnusable(`the module's archive holds a symbolic link: ${entry.fileName}`);
  }
  await mkdir(dirname(target), { recursive: true });
  const source = await zip.openReadStreamPromise(entry);
  const permissions = attributes & PERMISSIONS;
  // Readable whatever the archive says: some tools write no modes at all. What its owner may run, an attempt's
  // own user may, who is not the owner.
  const mode = (permissions & ~WRITABLE_BY_OTHERS) | ((permissions & 0o100) === 0 ? 0o644 : 0o755);
  await pipeline(source, createWriteStream(target, { mode }));
};

/** Into a folder that is there; throws {@link ModuleUnusable}. */
export const unpackZip = async (bytes: Uint8Array, folder: string): Promise<void> => {
  const zip = await openZip(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  try {
    for await (const entry of zip.eachEntry()) await unpackEntry(zip, entry, folder);
  } finally {
    zip.close();
  }
};

export interface ServiceModules {
  /** The folder that holds the module of a service's version. */
  folderOf(service: string, hash: string): Promise<string>;
}

export const serviceModules = (objects: ObjectStore, folder: string): ServiceModules => {
  const known = new Map<string, Promise<string>>();

  const fetch = async (service: string, hash: string): Promise<string> => {
    const bytes = await objects.getBytes(objectKeys.serviceModule(service, hash));
    const target = join(folder, hash);
    const partial = `${target}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await unpackZip(bytes, partial);
    await rename(partial, target);
    return target;
  };

  return {
    folderOf: (service, hash) => {
      const existing = known.get(hash);
      if (existing !== undefined) return existing;
      const fetched = fetch(service, hash);
      known.set(hash, fetched);
      fetched.catch(() => known.delete(hash));
      return fetched;
    },
  };
};
