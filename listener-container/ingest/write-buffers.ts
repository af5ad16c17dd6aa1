/**
 * Buffers in which instances wait to be written to their files. They are used again and again: a buffer of a socket that
 * is kept until it is written outlives the minor collections, and then only a full one frees it.
 */

const WRITE_BUFFER_BYTES = 512 * 1024;

export interface WriteBuffers {
  /** A buffer that nobody else has. Its bytes are what somebody left there. */
  take(): Buffer;
  /** Nobody reads or writes it any more. */
  giveBack(buffer: Buffer): void;
  /** Of buffers that were taken and not given back. */
  readonly takenBytes: number;
}

/** Keeps `kept` buffers that nobody has. Whoever takes one is never refused: each association has two at most. */
export const writeBuffers = (kept: number): WriteBuffers => {
  const free: Buffer[] = [];
  let taken = 0;
  return {
    take: () => {
      taken += 1;
      return free.pop() ?? Buffer.allocUnsafeSlow(WRITE_BUFFER_BYTES);
    },
    giveBack: (buffer) => {
      taken -= 1;
      if (free.length < kept) free.push(buffer);
    },
    get takenBytes() {
      return taken * WRITE_BUFFER_BYTES;
    },
  };
};
