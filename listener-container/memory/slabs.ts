/**
 * The memory that connections are read into: slabs that are used again and again, and that the hashing thread reads
 * where they are. A slab is held by whoever still reads one of its pieces, and read into again when nobody holds it
 * any more. Letting go too early would put one instance's bytes into another; never letting go leaves the slab to the
 * garbage collector, and costs nothing but a new one. So whoever is not certain that a piece has been read does not
 * let go.
 */

export const SLAB_BYTES = 512 * 1024;

let lastId = 0;

export class Slab {
  /** In all of the process. */
  readonly id: number;
  readonly memory = new SharedArrayBuffer(SLAB_BYTES);
  readonly bytes = Buffer.from(this.memory);
  readonly #onFree: (slab: Slab) => void;
  #holders = 1;

  /** Held once, by who made it. `onFree` is called whenever its last holder has let go. */
  constructor(onFree: (slab: Slab) => void) {
    lastId += 1;
    this.id = lastId;
    this.#onFree = onFree;
    slabs.set(this.memory, this);
  }

  /** To be called by, or on behalf of, a holder: nobody else may be certain that it is still what it was. */
  hold(): void {
    this.#holders += 1;
  }

  letGo(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#onFree(this);
  }
}

const slabs = new WeakMap<ArrayBufferLike, Slab>();

/** Undefined of a piece that has memory of its own. */
export const slabOf = (piece: Uint8Array): Slab | undefined => slabs.get(piece.buffer);

/** The piece will be read after the call that gave it. Of a piece with memory of its own, nothing is done. */
export const hold = (piece: Uint8Array): void => slabOf(piece)?.hold();

/** Once for each `hold`, when the piece will certainly not be read any more. */
export const letGo = (piece: Uint8Array): void => slabOf(piece)?.letGo();

/** Holds the piece as long as the work that reads it is not settled. */
export const holdWhile = <T>(piece: Uint8Array, work: Promise<T>): Promise<T> => {
  hold(piece);
  return work.finally(() => {
    letGo(piece);
  });
};

/** What the connections of a listener are read into. */
export class SlabPool {
  readonly #kept: number;
  readonly #onFree: (slab: Slab) => void;
  readonly #free: Slab[] = [];

  /** Keeps `kept` slabs that nobody holds. `onFree` sees a slab before it is used again. */
  constructor(kept: number, onFree: (slab: Slab) => void = () => undefined) {
    this.#kept = kept;
    this.#onFree = onFree;
  }

  /** A slab that nobody else holds; the caller does. Its bytes are what somebody left there. */
  take(): Slab {
    const slab = this.#free.pop();
    slab?.hold();
    return slab ?? new Slab(this.#takeBack);
  }

  readonly #takeBack = (slab: Slab): void => {
    this.#onFree(slab);
    if (this.#free.length < this.#kept) this.#free.push(slab);
  };
}
