/** Where the bytes of one connection are put, one read after the other, in slabs of its listener. */
import { SLAB_BYTES, type Slab, type SlabPool } from './slabs.ts';

/** Of one read: enough that a read costs little, so little that whoever works on it need not wait long for it. */
const READ_BYTES = 256 * 1024;

/** A rest of a slab that is shorter is not worth a read. */
const LEAST_READ_BYTES = 16 * 1024;

export class ReadMemory {
  readonly #pool: Pick<SlabPool, 'take'>;
  #slab: Slab;
  #used = 0;

  constructor(pool: Pick<SlabPool, 'take'>) {
    this.#pool = pool;
    this.#slab = pool.take();
  }

  /** For the next read. */
  room(): Buffer {
    if (SLAB_BYTES - this.#used < LEAST_READ_BYTES) {
      this.#slab.letGo();
      this.#slab = this.#pool.take();
      this.#used = 0;
    }
    return this.#slab.bytes.subarray(this.#used, this.#used + READ_BYTES);
  }

  /** What was read, at the beginning of `room`. Whoever reads it after the next `room` holds it. */
  read(bytes: number): Buffer {
    const begin = this.#used;
    this.#used += bytes;
    return this.#slab.bytes.subarray(begin, this.#used);
  }

  /** Nothing will be read any more; to be called once. */
  close(): void {
    this.#slab.letGo();
  }
}
