/**
 * Holds one data set until all of it is there: in memory up to a limit, then in a file. Only then is its length
 * known, so that the object can be put with one request that may be repeated.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { MemoryBudget } from './memory-budget.ts';

export interface SpoolSettings {
  readonly directory: string;
  /** A data set that grows beyond goes to a file. */
  readonly memoryLimitBytes: number;
  readonly budget: MemoryBudget;
}

export interface Spool {
  /** Rejects when the disk does. */
  write(chunk: Uint8Array): Promise<void>;
  readonly length: number;
  readonly inFile: boolean;
  /** `head`, then the data set. May be called again for another attempt. */
  read(head: Uint8Array): Readable;
  /** Gives memory and file back; may be called at any time, and again. */
  dispose(): Promise<void>;
}

const BLOCK_BYTES = 256 * 1024;
const SUFFIX = '.spool';

export const createSpool = ({ directory, memoryLimitBytes, budget }: SpoolSettings): Spool => {
  let blocks: Buffer[] = [];
  /** Bytes used of the last block. */
  let used = 0;
  let length = 0;
  let file: { path: string; handle: FileHandle } | undefined;
  let disposed = false;

  const inMemory = (): Buffer[] =>
    blocks.map((block, index) => (index === blocks.length - 1 ? block.subarray(0, used) : block));

  const freeMemory = (): void => {
    budget.giveBack(blocks.reduce((total, block) => total + block.length, 0));
    blocks = [];
    used = 0;
  };

  /** False when there is no memory for the chunk: nothing of it was kept then. */
  const keep = (chunk: Uint8Array): boolean => {
    if (length + chunk.length > memoryLimitBytes) return false;
    const last = blocks.at(-1);
    const room = last === undefined ? 0 : last.length - used;
    const more = chunk.length - room;
    if (more > 0) {
      // A small instance takes what it needs, a growing one whole blocks.
      const size = Math.max(more, Math.min(BLOCK_BYTES, length));
      if (!budget.take(size)) return false;
      const block = Buffer.allocUnsafeSlow(size);
      last?.set(chunk.subarray(0, room), used);
      block.set(chunk.subarray(room), 0);
      blocks.push(block);
      used = more;
    } else {
      last?.set(chunk, used);
      used += chunk.length;
    }
    return true;
  };

  const toFile = async (): Promise<FileHandle> => {
    if (file !== undefined) return file.handle;
    const path = join(directory, `${randomUUID()}${SUFFIX}`);
    const handle = await open(path, 'wx+', 0o600);
    file = { path, handle };
    for (const block of inMemory()) await writeAll(handle, block);
    freeMemory();
    return handle;
  };

  return {
    write: async (chunk) => {
      if (disposed) return;
      if (file === undefined && keep(chunk)) {
        length += chunk.length;
        return;
      }
      await writeAll(await toFile(), chunk);
      length += chunk.length;
    },
    get length() {
      return length;
    },
    get inFile() {
      return file !== undefined;
    },
    read: (head) => {
      const spooled = file;
      if (spooled === undefined) return Readable.from([head, ...inMemory()], { objectMode: false });
      return Readable.from(
        (async function* () {
          yield head;
          yield* createReadStream(spooled.path) as AsyncIterable<Buffer>;
        })(),
        { objectMode: false },
      );
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      freeMemory();
      if (file === undefined) return;
      const { path, handle } = file;
      await handle.close().catch(() => undefined);
      await rm(path, { force: true });
    },
  };
};

const writeAll = async (handle: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at);
    at += bytesWritten;
  }
};

/** Makes the directory, and removes what a listener that was killed left there; no other may be using it. */
export const prepareSpoolDirectory = async (directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    if (name.endsWith(SUFFIX)) await rm(join(directory, name), { force: true });
  }
};
