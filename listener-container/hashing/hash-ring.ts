/**
 * What the thread of the sockets and the hashing thread have in common: slabs, a ring of records in shared memory,
 * and how far each of them is. A record is four numbers of 32 bits: of the data set, of the slab or a {@link
 * NO_SLAB}, the piece's offset in the slab, its length.
 */

/** Places of 32-bit numbers in shared memory; the first two and the last count records, modulo 2³². */
export const POSITION = {
  /** How many records there have been. */
  head: 0,
  /** How many of them have been taken. */
  tail: 1,
  /** 1 when somebody waits. */
  wanted: 2,
  /** Until so many have been taken. */
  wantedTail: 3,
  count: 4,
} as const;

export const RECORD_NUMBERS = 4;

/** Records that are no piece; no slab has such a number. */
export const NO_SLAB = {
  /** The data set has ended: its digest is wanted. */
  digest: 0xffff_fffe,
  /** It will not be ended. */
  abandon: 0xffff_fffd,
  /** The slabs that were told of are not needed any more; they are told of anew. */
  forget: 0xffff_fffc,
} as const;

export interface HashThreadData {
  readonly records: SharedArrayBuffer;
  readonly positions: SharedArrayBuffer;
  readonly position: typeof POSITION;
  readonly kind: typeof NO_SLAB;
}

/** Posted to the thread before the first record of a slab. */
export type ToldSlab = readonly [id: number, memory: SharedArrayBuffer];

/**
 * What the thread does, for ever. It is started with the text of this function, so nothing outside of it can be used:
 * everything comes with the thread's data. Posts `[number of the data set, digest]`, and `room` when as much has been
 * taken as somebody waits for.
 */
export const serveHashes = (): void => {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const threads = process.getBuiltinModule('node:worker_threads');
  const data = threads.workerData as HashThreadData;
  const { position, kind } = data;
  const port = threads.parentPort;
  const records = new Uint32Array(data.records);
  const positions = new Int32Array(data.positions);
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  const slabs = new Map<number, Uint8Array>();
  let tail = 0;

  const slabOf = (id: number): Uint8Array | undefined => {
    while (!slabs.has(id) && port !== null) {
      const told = threads.receiveMessageOnPort(port) as { message: ToldSlab } | undefined;
      if (told === undefined) break;
      const [number, memory] = told.message;
      slabs.set(number, new Uint8Array(memory));
    }
    return slabs.get(id);
  };

  const take = (at: number): void => {
    const stream = records[at] ?? 0;
    const slab = records[at + 1] ?? 0;
    if (slab === kind.forget) {
      slabs.clear();
      return;
    }
    if (slab === kind.abandon) {
      hashes.delete(stream);
      return;
    }
    const hash = hashes.get(stream) ?? createHash('sha256');
    if (slab === kind.digest) {
      hashes.delete(stream);
      port?.postMessage([stream, hash.digest('hex')]);
      return;
    }
    hashes.set(stream, hash);
    const bytes = slabOf(slab);
    if (bytes === undefined) throw new Error('a slab that nobody has told of');
    const offset = records[at + 2] ?? 0;
    hash.update(bytes.subarray(offset, offset + (records[at + 3] ?? 0)));
  };

  for (;;) {
    const head = Atomics.load(positions, position.head);
    if (head === tail) {
      Atomics.wait(positions, position.head, head);
      continue;
    }
    take((tail * 4) & (records.length - 1));
    tail = (tail + 1) | 0;
    Atomics.store(positions, position.tail, tail);
    if (Atomics.load(positions, position.wanted) === 0) continue;
    if (((tail - Atomics.load(positions, position.wantedTail)) | 0) < 0) continue;
    if (Atomics.exchange(positions, position.wanted, 0) === 1) port?.postMessage('room');
  }
};
