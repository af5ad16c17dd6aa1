/**
 * What the thread of the sockets and the hashing thread have in common: a ring of records in shared memory, and how far
 * each of them is. A record is the number of a data set (u32), the length of a piece or a {@link NO_PIECE} (u32), and the
 * piece, padded to eight bytes; none goes beyond the ring's end.
 */

/** Places of 32-bit numbers in shared memory. */
export const POSITION = {
  /** Where the next record will be, in bytes since the beginning modulo 2³². */
  head: 0,
  /** Up to where records have been taken. */
  tail: 1,
  /** 1 when somebody waits for room. */
  wanted: 2,
  count: 3,
} as const;

/** Records that are no piece: no piece is that long. */
export const NO_PIECE = {
  /** The rest of the ring is empty. */
  skip: 0xffff_ffff,
  /** The data set has ended: its digest is wanted. */
  digest: 0xffff_fffe,
  /** It will not be ended. */
  abandon: 0xffff_fffd,
} as const;

export interface HashThreadData {
  readonly ring: SharedArrayBuffer;
  readonly positions: SharedArrayBuffer;
  readonly position: typeof POSITION;
  readonly kind: typeof NO_PIECE;
}

/**
 * What the thread does, for ever. It is started with the text of this function, so nothing outside of it can be used:
 * everything comes with the thread's data. Posts `[number of the data set, digest]`, and `room` when half of the ring
 * is free and somebody waits for it.
 */
export const serveHashes = (): void => {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const threads = process.getBuiltinModule('node:worker_threads');
  const data = threads.workerData as HashThreadData;
  const { position, kind } = data;
  const ring = Buffer.from(data.ring);
  const positions = new Int32Array(data.positions);
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  let tail = 0;

  const take = (at: number): number => {
    const stream = ring.readUInt32LE(at);
    const length = ring.readUInt32LE(at + 4);
    if (length === kind.skip) return ring.length - at;
    if (length === kind.abandon) {
      hashes.delete(stream);
      return 8;
    }
    const hash = hashes.get(stream) ?? createHash('sha256');
    if (length === kind.digest) {
      hashes.delete(stream);
      threads.parentPort?.postMessage([stream, hash.digest('hex')]);
      return 8;
    }
    hashes.set(stream, hash);
    hash.update(ring.subarray(at + 8, at + 8 + length));
    return 8 + ((length + 7) & ~7);
  };

  for (;;) {
    const head = Atomics.load(positions, position.head);
    if (head === tail) {
      Atomics.wait(positions, position.head, head);
      continue;
    }
    tail = (tail + take(tail & (ring.length - 1))) | 0;
    Atomics.store(positions, position.tail, tail);
    const used = (Atomics.load(positions, position.head) - tail) >>> 0;
    if (used > ring.length / 2) continue;
    if (Atomics.exchange(positions, position.wanted, 0) === 1)
      threads.parentPort?.postMessage('room');
  }
};
