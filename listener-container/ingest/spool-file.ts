/** The file of an instance that is too large for memory: some pieces are written while the next ones come. */
import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { letGo } from '../memory/slabs.ts';
import { Pieces } from './pieces.ts';

export const SPOOL_SUFFIX = '.spool';

/** So much is written at once. */
const WRITE_BYTES = 512 * 1024;

/** The system takes at most so many pieces in one call. */
const PIECES_PER_WRITE = 1024;

/** Lets go of the pieces when they are written; of what could not be, nobody does. */
const writeAll = async (handle: FileHandle, pieces: readonly Buffer[]): Promise<void> => {
  for (let start = 0; start < pieces.length; start += PIECES_PER_WRITE) {
    let left = pieces.slice(start, start + PIECES_PER_WRITE);
    while (left.length > 0) {
      let { bytesWritten } = await handle.writev(left);
      left = left.flatMap((piece) => {
        const written = Math.min(piece.length, bytesWritten);
        bytesWritten -= written;
        return written === piece.length ? [] : [piece.subarray(written)];
      });
    }
  }
  for (const piece of pieces) letGo(piece);
};

export class SpoolFile {
  readonly path: string;
  #handle: FileHandle | undefined;
  readonly #next = new Pieces();
  /** What is under way; it does not reject. */
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  #removed = false;

  /** `beginning`: what the file begins with; `written` is called when it is there, or will not be. */
  constructor(directory: string, beginning: readonly Buffer[], written: () => void) {
    this.path = join(directory, `${randomUUID()}${SPOOL_SUFFIX}`);
    this.#begin(async () => {
      try {
        this.#handle = await open(this.path, 'wx', 0o600);
        await writeAll(this.#handle, beginning);
      } finally {
        written();
      }
    });
  }

  /** Undefined when the piece was taken at once. Rejects when an earlier one could not be written. */
  write(piece: Buffer): Promise<void> | undefined {
    if (this.#removed) return undefined;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#next.add(piece);
    return this.#next.length < WRITE_BYTES ? undefined : this.#flush();
  }

  /** Resolves when everything is in the file. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** May be called at any time, and again. */
  async remove(): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    while (this.#writing !== undefined) await this.#writing;
    for (const piece of this.#next.take()) letGo(piece);
    await this.#handle?.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }

  /** Undefined when what has come is being written; else resolves when it is, after what came before. */
  #flush(): Promise<void> | undefined {
    if (this.#writing !== undefined) return this.#writing.then(() => this.#flush());
    if (this.#next.length === 0) return undefined;
    const pieces = this.#next.take();
    this.#begin(async () => {
      if (this.#handle === undefined || this.#failure !== undefined) return;
      await writeAll(this.#handle, pieces);
    });
    return undefined;
  }

  #begin(work: () => Promise<void>): void {
    this.#writing = work()
      // Whoever writes or finishes next meets it; until then it is nobody's.
      .catch((error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error));
      })
      .then(() => {
        this.#writing = undefined;
      });
  }
}
