/**
 * Holds one instance until all of it is there: in memory up to a limit, then in a file. Only then is its length
 * known, so that the object can be put with one request that may be repeated. In memory large pieces are kept as they
 * came, without a copy; the file is written while more comes.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ObjectBody } from '../../core/contracts/ports.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { letGo } from '../memory/slabs.ts';
import { Pieces } from './pieces.ts';
import { SPOOL_SUFFIX, SpoolFile } from './spool-file.ts';

export interface SpoolSettings {
  readonly directory: string;
  /** An instance that grows beyond goes to a file. */
  readonly memoryLimitBytes: number;
  readonly budget: MemoryBudget;
}

export interface Spool {
  /** Undefined when the piece was taken at once: it is held as long as it is needed. Rejects when the disk does. */
  write(piece: Buffer): Promise<void> | undefined;
  /** Of the data set. */
  readonly length: number;
  /** All of it was written: resolves when what goes to the file is there. */
  finish(): Promise<void>;
  /** `head` and the data set, when it is finished; may be called again for another attempt. */
  body(head: Buffer): ObjectBody;
  /** Whoever asked last for the body has read all of it, and will not read it again. */
  bodyRead(): void;
  /** Gives memory and file back; may be called at any time, and again. */
  dispose(): Promise<void>;
}

/**
 * `expectedHead` is what most probably stands in the object before the data set: a file begins with it, so that
 * the file is the object.
 */
export const createSpool = (
  { directory, memoryLimitBytes, budget }: SpoolSettings,
  expectedHead: Buffer,
): Spool => {
  const pieces = new Pieces();
  pieces.add(expectedHead);
  let length = 0;
  let budgeted = 0;
  let file: SpoolFile | undefined;
  let disposed = false;
  /** Bodies that may be being read, by an attempt that ran out of its time. */
  let bodies = 0;

  /** What was in memory stays of the budget until it is written. */
  const toFile = (): SpoolFile => {
    const given = budgeted;
    budgeted = 0;
    return new SpoolFile(directory, pieces.take(), () => {
      budget.giveBack(given);
    });
  };

  return {
    write: (piece) => {
      if (disposed) return undefined;
      length += piece.length;
      if (file !== undefined) return file.write(piece);
      if (length <= memoryLimitBytes && budget.take(piece.length)) {
        budgeted += piece.length;
        pieces.add(piece);
        return undefined;
      }
      file = toFile();
      return file.write(piece);
    },
    get length() {
      return length;
    },
    finish: async () => {
      await file?.finish();
    },
    body: (head) => {
      bodies += 1;
      const expected = head.equals(expectedHead);
      if (file !== undefined) {
        return expected ? { file: file.path } : fileAfter(head, file.path, expectedHead.length);
      }
      const all = pieces.all;
      return expected ? all : [head, ...after(expectedHead.length, all)];
    },
    bodyRead: () => {
      bodies -= 1;
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      budget.giveBack(budgeted);
      const taken = pieces.take();
      if (bodies === 0) for (const piece of taken) letGo(piece);
      await file?.remove();
    },
  };
};

const after = (bytes: number, pieces: readonly Buffer[]): Buffer[] => {
  let left = bytes;
  return pieces.flatMap((piece) => {
    const dropped = Math.min(left, piece.length);
    left -= dropped;
    return dropped === piece.length ? [] : [piece.subarray(dropped)];
  });
};

const fileAfter = (head: Buffer, path: string, start: number): Readable =>
  Readable.from(
    (async function* () {
      yield head;
      yield* createReadStream(path, { start }) as AsyncIterable<Buffer>;
    })(),
    { objectMode: false },
  );

/** Makes the directory, and removes what a listener that was killed left there; no other may be using it. */
export const prepareSpoolDirectory = async (directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    if (name.endsWith(SPOOL_SUFFIX)) await rm(join(directory, name), { force: true });
  }
};
