/**
 * Where a connection is not read into slabs (connection.ts), Node gives every read of it a buffer of 64 KiB outside
 * of the heap. Most are useless a millisecond later, but the heap grows so little meanwhile that no minor collection
 * comes, and for every 16 MiB of them V8 makes a full one, on several threads, which costs more than receiving. So
 * minor ones are asked for, by what was received.
 */

const BYTES_PER_COLLECTION = 2 * 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;

export class SocketBuffers {
  readonly #collect: Collect | undefined;
  #received = 0;

  /** Without an argument: that of a Node which was started with `--expose-gc`; in any other nothing is done. */
  constructor(collect: Collect | undefined = globalThis.gc) {
    this.#collect = collect;
  }

  /** Of any connection: so many bytes came in a buffer of their own. */
  received(bytes: number): void {
    this.#received += bytes;
    if (this.#received < BYTES_PER_COLLECTION) return;
    this.#received = 0;
    this.#collect?.({ type: 'minor' });
  }
}
