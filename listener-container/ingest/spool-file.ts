/** The file of an instance that is too large for memory: one buffer is written while the next one is filled. */
import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriteBuffers } from './write-buffers.ts';

export const SPOOL_SUFFIX = '.spool';

/** The system takes at most so many pieces in one call. */
const PIECES_PER_WRITE = 1024;

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
};

export class SpoolFile {
  readonly path: string;
  readonly #buffers: WriteBuffers;
  #handle: FileHandle | undefined;
  #filling: { readonly buffer: Buffer; used: number } | undefined;
  /** What is under way; it does not reject. */
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  #removed = false;

  /** `beginning`: what the file begins with; `written` is called when it is there, or will not be. */
  constructor(
    directory: string,
    buffers: WriteBuffers,
    beginning: readonly Buffer[],
    written: () => void,
  ) {
    this.path = join(directory, `${randomUUID()}${SPOOL_SUFFIX}`);
    this.#buffers = buffers;
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
    this.#filling ??= { buffer: this.#buffers.take(), used: 0 };
    const { buffer, used } = this.#filling;
    const taken = piece.subarray(0, buffer.length - used);
    buffer.set(taken, used);
    this.#filling.used += taken.length;
    if (this.#filling.used < buffer.length) return undefined;
    const rest = piece.subarray(taken.length);
    const busy = this.#flush();
    return busy === undefined ? this.#writeRest(rest) : busy.then(() => this.#writeRest(rest));
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
    if (this.#filling !== undefined) this.#buffers.giveBack(this.#filling.buffer);
    this.#filling = undefined;
    await this.#handle?.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }

  #writeRest(rest: Buffer): Promise<void> | undefined {
    return rest.length === 0 ? undefined : this.write(rest);
  }

  /** Undefined when the filled buffer is being written; else resolves when it is, after the one before. */
  #flush(): Promise<void> | undefined {
    if (this.#writing !== undefined) return this.#writing.then(() => this.#flush());
    const filled = this.#filling;
    if (filled === undefined) return undefined;
    this.#filling = undefined;
    this.#begin(async () => {
      try {
        if (this.#handle === undefined || this.#failure !== undefined) return;
        await writeAll(this.#handle, [filled.buffer.subarray(0, filled.used)]);
      } finally {
        this.#buffers.giveBack(filled.buffer);
      }
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
