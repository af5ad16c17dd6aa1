/**
 * The SHA-256 of a data set, taken as its pieces come: by whoever has them, or by a thread of its own
 * (hash-thread.ts).
 */
import { createHash } from 'node:crypto';

/** One data set. Calls come one at a time: each waits for the promise of the one before. */
export interface DataSetHash {
  /** Undefined when the piece was taken at once; it may not be changed before the digest is there. */
  update(piece: Buffer): Promise<void> | undefined;
  /** Of all pieces, hex; to be asked for once. Rejects with HashThreadLost. */
  digest(): string | Promise<string>;
  /** The digest will not be asked for, or is there; may be called again. */
  close(): void;
}

/** `source`: the association that sends it. */
export type BeginDataSetHash = (source: string) => DataSetHash;

/** In the thread of whoever calls. */
export const hashHere: BeginDataSetHash = () => {
  const hash = createHash('sha256');
  return {
    update: (piece) => {
      hash.update(piece);
      return undefined;
    },
    digest: () => hash.digest('hex'),
    close: () => undefined,
  };
};
