/**
 * Bytes of an instance that wait, in the order in which they came: large pieces are held where they are, small ones
 * copied.
 */
import { hold } from '../memory/slabs.ts';

/** A smaller piece is copied together with others: as an object it would take more memory than it has bytes. */
const SMALL_PIECE_BYTES = 8 * 1024;
const COPY_BYTES = 64 * 1024;

export class Pieces {
  #pieces: Buffer[] = [];
  #length = 0;
  /** The last piece, if it has room for more; how much of it is used. */
  #copy: Buffer | undefined;
  #used = 0;

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (piece.length < SMALL_PIECE_BYTES) {
      this.#addCopy(piece);
      return;
    }
    this.#closeCopy();
    hold(piece);
    this.#pieces.push(piece);
  }

  /** Everything; nothing is left. Whoever has read them lets go of each. */
  take(): readonly Buffer[] {
    const taken = this.all;
    this.#pieces = [];
    this.#length = 0;
    return taken;
  }

  /** Everything, which stays. */
  get all(): readonly Buffer[] {
    this.#closeCopy();
    return this.#pieces;
  }

  #addCopy(piece: Buffer): void {
    if (this.#copy === undefined || this.#copy.length - this.#used < piece.length) {
      this.#closeCopy();
      // The first is mostly the beginning of a data set, before its pixels; many mean that more will come.
      this.#copy = Buffer.allocUnsafeSlow(
        this.#pieces.length === 0 ? SMALL_PIECE_BYTES : COPY_BYTES,
      );
      this.#used = 0;
    }
    this.#copy.set(piece, this.#used);
    this.#used += piece.length;
  }

  #closeCopy(): void {
    if (this.#copy === undefined) return;
    this.#pieces.push(this.#copy.subarray(0, this.#used));
    this.#copy = undefined;
  }
}
