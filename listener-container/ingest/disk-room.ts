/**
 * Whether the disk of the spool has room left. Where objects are kept on the same disk, as on one computer, a full one
 * would let the store acknowledge what it cannot keep; so instances are refused while some room is left.
 */
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../core/contracts/ports.ts';

/** Resolves to false while less than the reserve is free. */
export type HasRoom = () => Promise<boolean>;

/** No limit but the disk itself. */
export const anyRoom: HasRoom = () => Promise.resolve(true);

/** An answer is good for so long: much less than the reserve can be written meanwhile. */
const KEPT_MS = 250;

export interface DiskRoomOptions {
  readonly directory: string;
  /** What has to stay free; 0 is no limit. */
  readonly reserveBytes: number;
  readonly clock: Clock;
  /** Free bytes of the disk of a directory, for those who are not root. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

const freeBytesOf = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

/** A disk that cannot be asked counts as one with room: writing to it tells more. */
export const diskRoom = ({
  directory,
  reserveBytes,
  clock,
  freeBytes = freeBytesOf,
}: DiskRoomOptions): HasRoom => {
  if (reserveBytes === 0) return anyRoom;
  let askedAt = -Infinity;
  let answer: Promise<boolean> = anyRoom();
  return () => {
    const now = clock();
    if (now - askedAt >= KEPT_MS || now < askedAt) {
      askedAt = now;
      answer = freeBytes(directory).then(
        (free) => free >= reserveBytes,
        () => true,
      );
    }
    return answer;
  };
};
