/**
 * Where the bytes of one connection are put, one read after the other: in slabs of its listener while a message
 * comes, and in little memory of its own while none does, so that an association that is not used holds no slab.
 */
import { SLAB_BYTES, type Slab, type SlabPool } from './slabs.ts';

/** Of one read: enough that a read costs little, so little that whoever works on it need not wait long for it. */
const READ_BYTES = 256 * 1024;

/** A rest of a slab that is shorter is not worth a read. */
const LEAST_READ_BYTES = 16 * 1024;

/** For the beginning of a message: a command, and mostly a data set's header. */
const BEGINNING_BYTES = 4096;

const NOTHING = Buffer.alloc(0);

export class ReadMemory {
  readonly #pool: Pick<SlabPool, 'take'>;
  #slab: Slab | undefined;
  #bytes: Buffer = NOTHING;
  #used = 0;

  constructor(pool: Pick<SlabPool, 'take'>) {
    this.#pool = pool;
  }

  /** For the next read. `inMessage`: a message has begun whose end has not come. */
  room(inMessage: boolean): Buffer {
    if (!inMessage) {
      this.close();
      this.#use(Buffer.allocUnsafeSlow(BEGINNING_BYTES));
    } else if (this.#slab === undefined || SLAB_BYTES - this.#used < LEAST_READ_BYTES) {
      this.close();
      this.#slab = this.#pool.take();
      this.#use(this.#slab.bytes);
    }
    return this.#bytes.subarray(this.#used, this.#used + READ_BYTES);
  }

  /** What was read, at the beginning of `room`. Whoever reads it after the next `room` holds it. */
  read(bytes: number): Buffer {
    const begin = this.#used;
    this.#used += bytes;
    return this.#bytes.subarray(begin, this.#used);
  }

  /** Nothing will be read into what it has. */
  close(): void {
    this.#slab?.letGo();
    this.#slab = undefined;
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#used = 0;
  }
}
